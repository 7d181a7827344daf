import { expect, test } from "vitest";
import { LocalScene, Pen, rest } from "./local-turn-scene.ts";

const HEARTBEAT = "perdure:turn:heartbeat";

/** A turn that has shown a few words, of two that were prompted. */
async function halfWritten(attempts = 1) {
  const pens = [new Pen(), new Pen(), new Pen(), new Pen()];
  const scene = await LocalScene.with(() => pens[scene.runs.length - 1]?.stream, {
    attempts,
    backoff: { initialMs: 1_000, factor: 3, maxMs: 5_000 },
  });
  await scene.prompt("p");
  await pens[0]?.text("half a sentence");
  await scene.flush();
  await pens[0]?.text(" that nobody saw");
  return { scene, pens };
}

test("O10 a turn whose memory is lost is interrupted, once; what was shown of it stays", async () => {
  const { scene, pens } = await halfWritten();
  await scene.evict();
  expect(scene.told).toEqual([
    "turn.queued",
    "command.begun",
    "start",
    "half a sentence",
    "ended interrupted",
  ]);
  await pens[0]?.text("from a memory that is gone");
  await pens[0]?.end();
  await scene.evict();
  await scene.ring(60_000);
  expect(scene.runs).toHaveLength(1);
  expect(scene.answers).toEqual(["half a sentence"]);
  await scene.prompt("q");
  expect(scene.runs.map(({ id }) => id)).toEqual(["p", "q"]);
});

test("O10 a turn that was queued behind one that is interrupted is begun", async () => {
  const { scene } = await halfWritten();
  await scene.prompt("q");
  await scene.evict();
  expect(scene.runs.map(({ id, attempt }) => [id, attempt])).toEqual([
    ["p", 1],
    ["q", 1],
  ]);
});

test("O11 where nothing else arrives the heartbeat finds a turn that was cut off, within 30 s", async () => {
  const { scene } = await halfWritten();
  const { clock } = scene.world;
  expect(scene.world.dueAt(HEARTBEAT)).toBeLessThanOrEqual(clock.now() + 30_000);
  await scene.ring(30_000);
  expect(scene.world.dueAt(HEARTBEAT)).toBe(clock.now() + 30_000);
  expect(scene.runs).toHaveLength(1);
  await scene.evict();
  expect(scene.world.dueAt(HEARTBEAT)).toBeUndefined();
});

test("O11 the heartbeat ends with the turn, and one that is due then does nothing", async () => {
  const { scene, pens } = await halfWritten();
  await pens[0]?.end();
  expect(scene.world.dueAt(HEARTBEAT)).toBeUndefined();
  expect(scene.world.clock.waiting).toBe(0);
});

test("O3 what cannot be stored is kept, and stored with the next", async () => {
  const { scene, pens } = await halfWritten();
  scene.world.isStorageFull = true;
  await scene.flush();
  scene.world.isStorageFull = false;
  await pens[0]?.text(", but now");
  await scene.flush();
  expect(scene.reader.openText).toBe("half a sentence that nobody saw, but now");
});

test("O11 a turn whose end cannot be stored is found by the heartbeat", async () => {
  const { scene, pens } = await halfWritten();
  const { error } = console;
  console.error = () => {};
  scene.world.isStorageFull = true;
  await pens[0]?.end();
  scene.world.isStorageFull = false;
  console.error = error;
  expect(scene.world.session.state.turns).toMatchObject([{ id: "p", state: "running" }]);
  await scene.ring(30_000);
  expect(scene.outcome).toMatchObject({ outcome: "interrupted" });
});

test("O12 a turn that may be retried is begun again after its backoff, with a new message, and says so", async () => {
  const { scene, pens } = await halfWritten(2);
  await scene.evict();
  expect(scene.told.slice(2)).toEqual(["start", "half a sentence", "retried 2 evicted"]);
  expect(scene.answers).toEqual(["half a sentence"]);
  await scene.ring(999);
  expect(scene.runs).toHaveLength(1);
  await scene.ring(1);
  expect(scene.runs.map(({ id, attempt }) => [id, attempt])).toEqual([
    ["p", 1],
    ["p", 2],
  ]);
  await pens[1]?.text("a whole sentence");
  await pens[1]?.end();
  expect(scene.answers).toEqual(["half a sentence", "a whole sentence"]);
  expect(scene.outcome).toMatchObject({ outcome: "completed" });
  const [first, second] = scene.world.session.history.recent(2);
  expect(first?.message.id).not.toBe(second?.message.id);
});

test("O12 each failure counts, waits longer, and the last one ends the turn", async () => {
  let failures = 0;
  const scene = await LocalScene.with(
    () => {
      failures += 1;
      throw new Error(`failure ${failures}`);
    },
    { attempts: 4, backoff: { initialMs: 1_000, factor: 3, maxMs: 5_000 } },
  );
  scene.reasonOf = (error) => (error as Error).message;
  await scene.prompt("p");
  const waits: number[] = [];
  for (let due = scene.world.dueAt("perdure:turn:retry"); due !== undefined;) {
    waits.push(due - scene.world.clock.now());
    await scene.evict();
    await scene.ring(waits.at(-1) ?? 0);
    due = scene.world.dueAt("perdure:turn:retry");
  }
  expect(waits).toEqual([1_000, 3_000, 5_000]);
  expect(scene.told.slice(2)).toEqual([
    "retried 2 failed",
    "retried 3 failed",
    "retried 4 failed",
    "ended failed",
  ]);
  expect(scene.outcome).toMatchObject({ reason: "failure 4" });
});

test("O12 a turn that is cut off again and again ends after its attempts", async () => {
  const { scene } = await halfWritten(3);
  for (let times = 0; times < 3; times += 1) {
    await scene.evict();
    await scene.ring(5_000);
  }
  expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(scene.outcome).toMatchObject({ outcome: "interrupted" });
});

test("O12 an attempt that has begun and is cut off before its alarm has ended is not taken for one that waits", async () => {
  const { scene } = await halfWritten(2);
  await scene.evict();
  await scene.world.session.timer("perdure:turn:retry");
  await scene.evict();
  await scene.ring(60_000);
  expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(scene.outcome).toMatchObject({ outcome: "interrupted" });
});

test("O12 an attempt that waits for its time can be cancelled, and is not taken for that of the next turn", async () => {
  const { scene } = await halfWritten(3);
  await scene.evict();
  await scene.prompt("q");
  expect(scene.runs).toHaveLength(1);
  await scene.world.command("c", { op: "cancel", turn: "p" });
  await rest();
  expect(scene.runs.map(({ id }) => id)).toEqual(["p", "q"]);
  await scene.evict();
  expect(scene.told.at(-1)).toBe("retried 2 evicted");
});

test("O13 a finished step is not done again in a later attempt; one that failed is", async () => {
  const done: string[] = [];
  const scene = await LocalScene.with(
    async (turn) => {
      const paid = await turn.step("pay", () => {
        done.push("pay");
        return { receipt: 7, at: new Date(0) };
      });
      const sent = await turn.step("send", () => {
        done.push("send");
        if (turn.attempt === 1) throw new Error("no network");
      });
      return JSON.stringify({ paid, sent });
    },
    { attempts: 2 },
  );
  scene.reasonOf = () => "no network";
  await scene.prompt("p");
  await scene.evict();
  await scene.ring(1_000);
  expect(done).toEqual(["pay", "send", "send"]);
  expect(scene.answers).toEqual([
    '{"paid":{"receipt":7,"at":"1970-01-01T00:00:00.000Z"},"sent":null}',
  ]);
  expect(scene.world.sql.run("SELECT * FROM turn_steps")).toEqual([]);
});

test("O13 steps are the turn's own: the next turn does them again, and a terminated session has none", async () => {
  const done: string[] = [];
  const pen = new Pen();
  const scene = await LocalScene.with(async (turn) => {
    await turn.step("look", () => void done.push(turn.id));
    return turn.id === "c" ? pen.stream : "ok";
  });
  for (const id of ["a", "b", "c"]) await scene.prompt(id);
  expect(done).toEqual(["a", "b", "c"]);
  expect(scene.world.sql.run("SELECT * FROM turn_steps")).toHaveLength(1);
  await scene.world.command("t", { op: "terminate" });
  expect(scene.world.sql.run("SELECT * FROM turn_steps")).toEqual([]);
});

test("O13 a step's name is used once in a run, and its result is bounded JSON", async () => {
  const codes: unknown[] = [];
  const scene = await LocalScene.with(async (turn) => {
    const code = (error: { code?: string }) => void codes.push(error.code);
    await turn.step("a", () => 1);
    await turn.step("a", () => 2).catch(code);
    await turn.step("big", () => "x".repeat(256 * 1024)).catch(code);
    await turn.step("function", () => () => 1).catch(code);
    codes.push(await turn.step("big", () => "small"));
  });
  await scene.prompt("p");
  expect(codes).toEqual(["bad_request", "too_large", "bad_request", "small"]);
});
