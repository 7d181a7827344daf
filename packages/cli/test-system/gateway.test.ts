import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ask, GatewayScene, starts, untilAlone } from "./support/gateway-scene.ts";
import { until } from "./support/until.ts";
import type { Witness } from "./support/witness.ts";

async function open(): Promise<GatewayScene> {
  const world = await GatewayScene.open();
  onTestFinished(() => world.scene.end());
  return world;
}

async function joined(world: GatewayScene, id: string, gateway?: Record<string, string>) {
  const witness = await world.session(id, gateway);
  onTestFinished(() => witness.client.close());
  return witness;
}

const git = (cwd: string, ...words: readonly string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...words], { cwd }).toString();

const pending = (witness: Witness) =>
  witness.session?.approvals.find(({ state }) => state === "pending");

test("G1, G4, G17: a prompt has a runner started, which leaves when it is idle; the next one has it back where it was", async () => {
  const world = await open();
  await world.startGateway("--idle", "3s");
  const folder = join(world.root, "repo");
  mkdirSync(folder);
  const witness = await joined(world, "s1", { cwd: folder });
  expect(await ask(witness, "tokens=3 rate=0 one")).toBe("completed");
  await untilAlone(witness);
  expect(await ask(witness, "tokens=3 rate=0 two")).toBe("completed");
  const [first, second] = starts(witness);
  expect(first).toMatchObject({ restored: "new", cwd: realpathSync(folder) });
  expect(second).toMatchObject({
    restored: "resumed",
    cwd: realpathSync(folder),
    agentSession: first?.agentSession,
  });
});

test("G5: a gateway that is away when it is called is called again, and comes", async () => {
  const world = await open();
  const witness = await joined(world, "s1");
  const { turn } = await witness.client.send("tokens=3 rate=0");
  await until("an attempt was in vain", () =>
    witness.events.some((event) => event.type === "runner.waking" && event.attempt >= 3),
  );
  await world.startGateway();
  expect(await until("the turn has ended", () => witness.outcomeOf(turn), 60_000)).toBe(
    "completed",
  );
});

test("G2, T4: a runner that is killed in a turn is started again after the grace, and finds its turn interrupted", async () => {
  const world = await open();
  await world.startGateway();
  const witness = await joined(world, "s1");
  const { turn } = await witness.client.send("tokens=10000 rate=20");
  const queued = await witness.client.send("tokens=3 rate=0");
  await until("the answer has begun", () => witness.shown > 0);
  process.kill(world.runnerPid("s1"), "SIGKILL");
  expect(await until("it is interrupted", () => witness.outcomeOf(turn), 60_000)).toBe(
    "interrupted",
  );
  expect(await until("the next one ends", () => witness.outcomeOf(queued.turn))).toBe("completed");
  expect(witness.events.findLast(({ type }) => type === "runner.waking")).toMatchObject({
    why: "dropped",
    attempt: 1,
  });
});

test("G16, G17: one that waits on an approval stays, however long; with no place left another session waits, and gets the place of one that is idle", async () => {
  const world = await open();
  await world.startGateway("--idle", "3s", "--max", "1");
  const first = await joined(world, "s1");
  const { turn } = await first.client.send("edit tokens=3 rate=0");
  const question = await until("it asks", () => pending(first));
  const second = await joined(world, "s2");
  const waiting = await second.client.send("tokens=3 rate=0");
  await until("it is told that there is no room", () =>
    second.events.some((event) => event.type === "runner.waking" && event.reason !== undefined),
  );
  expect(starts(first)).toHaveLength(1);
  expect(first.outcomeOf(turn)).toBeUndefined();
  await first.client.approve(question.approval, question.options[0]?.id ?? "");
  await until("the turn has ended", () => first.outcomeOf(turn));
  await until("the other has its turn", () => second.outcomeOf(waiting.turn), 60_000);
  expect(starts(first)).toHaveLength(1);
});

test("G15: a runner survives its gateway's death and is found by the next, which ends it when it is told to end", async () => {
  const world = await open();
  const killed = await world.startGateway();
  const witness = await joined(world, "s1");
  const { turn } = await witness.client.send("tokens=60 rate=20");
  await until("the answer has begun", () => witness.shown > 0);
  await world.kill(killed);
  const next = await world.startGateway();
  await next.said(/s1: its runner is still there/);
  expect(await until("the turn has ended", () => witness.outcomeOf(turn))).toBe("completed");
  expect(await ask(witness, "tokens=3 rate=0")).toBe("completed");
  expect(starts(witness)).toHaveLength(1);
  expect(await next.end("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(() => world.runnerPid("s1")).toThrow(/has no runner/);
});

test("G2: a machine that loses runner, gateway and server at once goes on when they are back", async () => {
  const world = await open();
  const killed = await world.startGateway();
  const witness = await joined(world, "s1");
  const { turn } = await witness.client.send("tokens=10000 rate=20");
  await until("the answer has begun", () => witness.shown > 0);
  witness.client.close();
  await world.kill(killed);
  process.kill(world.runnerPid("s1"), "SIGKILL");
  await world.scene.killWorkerd();
  await world.startGateway();
  const ended = await until(
    "the session has noticed",
    async () => {
      const { turns } = (await world.server.api.get("v1/sessions/s1")) as { turns: unknown[] };
      return turns.length === 0;
    },
    60_000,
  );
  expect(ended).toBe(true);
  const { events } = (await world.server.api.get("v1/sessions/s1/events?after=0")) as {
    events: { type: string }[];
  };
  expect(events.filter(({ type }) => type === "turn.ended")).toMatchObject([
    { turn, outcome: "interrupted" },
  ]);
});

test("G18: a folder that is not allowed is refused, and the session says so", async () => {
  const world = await open();
  await world.startGateway();
  const witness = await joined(world, "s1", { cwd: "/" });
  await witness.client.send("tokens=3 rate=0");
  const told = await until("nobody comes", () =>
    witness.events.find((event) => event.type === "runner.unreachable"),
  );
  expect(told.reason).toContain("HTTP status 403");
  expect(witness.session?.waking).toMatchObject({ type: "runner.unreachable" });
});

test("each session works in a git worktree of its own, and has it back", async () => {
  const world = await open();
  git(world.root, "init", "-q");
  git(world.root, "commit", "-q", "--allow-empty", "-m", "first");
  const trees = join(world.scene.folder, "trees");
  await world.startGateway("--idle", "3s", "--worktree", trees);
  const witness = await joined(world, "s1");
  const { turn } = await witness.client.send("edit tokens=3 rate=0");
  const question = await until("it asks", () => pending(witness));
  await witness.client.approve(question.approval, question.options[0]?.id ?? "");
  await until("the turn has ended", () => witness.outcomeOf(turn));
  expect(existsSync(join(trees, "s1", "notes.md"))).toBe(true);
  expect(existsSync(join(world.root, "notes.md"))).toBe(false);
  await untilAlone(witness);
  expect(await ask(witness, "tokens=3 rate=0")).toBe("completed");
  const places = starts(witness).map(({ cwd, worktree }) => ({ cwd, worktree }));
  const place = { cwd: realpathSync(world.root), worktree: join(trees, "s1") };
  expect(places).toEqual([place, place]);
});

test("G20: the worktree of a session that is over goes when all in it is committed, and its branch stays", async () => {
  const world = await open();
  git(world.root, "init", "-q");
  git(world.root, "commit", "-q", "--allow-empty", "-m", "first");
  const trees = join(world.scene.folder, "trees");
  const gateway = await world.startGateway("--worktree", trees);
  for (const id of ["written", "erased"]) {
    const witness = await joined(world, id);
    const { turn } = await witness.client.send(`${id === "written" ? "edit " : ""}tokens=3 rate=0`);
    if (id === "written") {
      const question = await until("it asks", () => pending(witness));
      await witness.client.approve(question.approval, question.options[0]?.id ?? "");
    }
    await until("the turn has ended", () => witness.outcomeOf(turn));
  }
  await fetch(new URL("/v1/sessions/erased", world.server.url), {
    method: "DELETE",
    headers: { authorization: `Bearer ${await world.scene.token()}` },
  });
  await gateway.said(/erased: it is over, and its worktree .* is removed/);
  expect(existsSync(join(trees, "erased"))).toBe(false);

  await world.server.api.post("v1/sessions/written/terminate", {});
  await gateway.said(/written: its worktree .* stays: there are changes/);
  git(join(trees, "written"), "add", ".");
  git(join(trees, "written"), "commit", "-q", "-m", "notes");
  await gateway.end("SIGTERM");
  const next = await world.startGateway("--worktree", trees);
  await next.said(/written: it is over, and its worktree .* is removed/);
  expect(existsSync(join(trees, "written"))).toBe(false);
  expect(git(world.root, "show", "perdure/written:notes.md")).not.toBe("");
});
