import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GatewayPolicy } from "../../src/session/index.ts";
import { turn } from "../support/session-world.ts";
import { FakeGateway, GATEWAY, nextAttempt } from "./waking-world.ts";

const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(null, { status: code, headers });

beforeEach(() => {
  // The longest of the waits between which chance chooses.
  vi.spyOn(Math, "random").mockReturnValue(1);
});

afterEach(() => {
  vi.restoreAllMocks();
});

test("G1 a prompt that nobody is there for has the gateway called, at once and in the prompt's row of the log", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const rows = () => world.sql.run<{ n: number }>("SELECT count(*) AS n FROM log")[0]?.n;
  expect(world.session.info()).toMatchObject({ hasGateway: true, runsTurns: false });
  const before = Number(rows());
  await world.prompt("p");
  expect(rows()).toBe(before + 1);
  expect(world.types().slice(-2)).toEqual(["turn.queued", "runner.waking"]);
  expect(world.dueAt("perdure:waking")).toBe(world.clock.now());
  expect(gateway.calls).toEqual([]);
  expect(await nextAttempt(world)).toBe(0);
  expect(gateway.calls).toMatchObject([{ url: GATEWAY, call: { data: { session: "s1" } } }]);
  expect(rows()).toBe(before + 1);
  expect(world.session.info().waking).toMatchObject({ attempt: 1, of: 8, why: "queued" });
});

test("G1 a paused session calls nobody until it is resumed", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.command("pause", { op: "pause" });
  await world.prompt("p");
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  await world.command("resume", { op: "resume" });
  await nextAttempt(world);
  expect(gateway.attempts).toEqual([1]);
});

test("G2 a runner that drops in a turn has 15 s; one that comes back in time is not looked for", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  world.disconnect(runner.link);
  await turn();
  expect(world.dueAt("perdure:waking")).toBe(world.clock.now() + 15_000);
  world.clock.advance(14_000);
  await runner.reconnect();
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  world.disconnect(runner.link);
  await turn();
  expect(await nextAttempt(world)).toBe(15_000);
  expect(gateway.calls).toMatchObject([{ call: { data: { attempt: 1, why: "dropped" } } }]);
});

test("G2 a runner that has just dropped with nothing to do has the rest of its 15 s when a prompt comes", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const runner = await world.runner();
  world.disconnect(runner.link);
  await turn();
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  world.clock.advance(5_000);
  await world.prompt("p");
  expect(await nextAttempt(world)).toBe(10_000);
});

test("G2 a runner that has left on purpose is not waited for", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const runner = await world.runner();
  world.disconnect(runner.link, 1000);
  await turn();
  await world.prompt("p");
  expect(await nextAttempt(world)).toBe(0);
});

test("G2 a runner that vanished while the object was not in memory is looked for once it is", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  runner.link.close(1006, "the machine is gone");
  world.evict();
  await turn();
  expect(await nextAttempt(world)).toBe(15_000);
  expect(gateway.attempts).toEqual([1]);
});

test("G3 every attempt of one waking has the same id, and another waking another", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(500), status(500), status(410)];
  const world = await gateway.world();
  await world.prompt("p");
  while ((await nextAttempt(world)) !== undefined) world.evict();
  expect(gateway.attempts).toEqual([1, 2, 3]);
  await world.prompt("q");
  await nextAttempt(world);
  const [first, second, third, fourth] = gateway.calls.map(({ id }) => id);
  expect([second, third]).toEqual([first, first]);
  expect(fourth).not.toBe(first);
});

test("G5 a gateway that is away is tried again with growing waits; after eight attempts the session says so", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(500), new Error("connection refused")];
  const world = await gateway.world();
  await world.prompt("p");
  const waits: number[] = [];
  for (let wait = await nextAttempt(world); wait !== undefined; wait = await nextAttempt(world)) {
    waits.push(wait);
    world.evict();
  }
  expect(waits).toEqual([0, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(gateway.attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(world.session.info().waking).toMatchObject({
    type: "runner.unreachable",
    reason: "The gateway could not be reached.",
  });
  expect(world.events().at(-1)).toMatchObject({ type: "runner.unreachable" });
});

test("G5 a gateway that does not answer is given up on after 10 s; one that did leaves no timer behind", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.prompt("p");
  gateway.meanwhile = async () => {
    world.clock.advance(10_000);
    throw new Error("aborted");
  };
  await nextAttempt(world);
  expect(world.session.info().waking).toMatchObject({
    attempt: 2,
    reason: "The gateway did not answer within 10 s.",
  });
  gateway.meanwhile = async () => {};
  await nextAttempt(world);
  expect(world.clock.waiting).toBe(0);
});

test("G5 two sessions do not wait equally long: chance takes up to half of a wait away", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const gateway = new FakeGateway();
  gateway.answers = [status(500)];
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  expect(await nextAttempt(world)).toBe(1_000);
});

test("G6 a gateway that took the call has 30 s to bring a runner, then it is called again", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  expect(await nextAttempt(world)).toBe(30_000);
  expect(gateway.attempts).toEqual([1, 2]);
  expect(world.session.info().waking).toMatchObject({
    attempt: 2,
    reason: "The gateway took the call, and no runner came within 30 s.",
  });
});

test("G6 a hello ends the waking, also while a call is under way; the runner gets the prompt", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.prompt("p");
  gateway.meanwhile = async () => {
    const runner = await world.runner();
    expect(runner.commands()).toMatchObject([{ kind: "prompt", turn: "p" }]);
  };
  await nextAttempt(world);
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  expect(world.session.info().waking).toBeNull();
  expect(gateway.attempts).toEqual([1]);
});

test("G7 a gateway without room is called again when it said, at no cost of attempts, and told of once", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(503, { "retry-after": "120" })];
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  expect(await nextAttempt(world)).toBe(120_000);
  world.evict();
  expect(await nextAttempt(world)).toBe(120_000);
  expect(gateway.attempts).toEqual([1, 1, 1]);
  const told = world.events().filter(({ type }) => type === "runner.waking");
  expect(told).toMatchObject([
    { attempt: 1 },
    { attempt: 1, reason: expect.stringContaining("no room") },
  ]);
  for (let wait = await nextAttempt(world); wait !== undefined;) wait = await nextAttempt(world);
  expect(gateway.calls).toHaveLength(31);
  expect(world.session.info().waking).toMatchObject({ type: "runner.unreachable" });
});

test("G7 Retry-After may be a date", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const at = new Date(Math.ceil(world.clock.now() / 1_000) * 1_000 + 90_000);
  gateway.answers = [status(429, { "retry-after": at.toUTCString() })];
  await world.prompt("p");
  await nextAttempt(world);
  expect(world.dueAt("perdure:waking")).toBe(at.getTime());
});

test.each([301, 400, 401, 403, 404, 410])(
  "G8 HTTP status %i ends the waking at once",
  async (code) => {
    const gateway = new FakeGateway();
    gateway.answers = [status(code, { location: "http://169.254.169.254/" })];
    const world = await gateway.world();
    await world.prompt("p");
    await nextAttempt(world);
    expect(world.dueAt("perdure:waking")).toBeUndefined();
    const { waking } = world.session.info();
    expect(waking).toMatchObject({ type: "runner.unreachable" });
    expect(waking?.reason).toContain(`HTTP status ${code}`);
  },
);

test("G9 a session that gave up calls nobody after an eviction, and calls again for the next command", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(410), status(202)];
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  world.evict();
  await turn();
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  await world.command("m", { op: "set-meta", patch: { a: 1 } });
  await nextAttempt(world);
  expect(gateway.calls).toHaveLength(2);
  expect(world.session.info().waking).toMatchObject({ type: "runner.waking", attempt: 1 });
});

test("G10 a person has the gateway called once more; the command has no effect where a runner is there", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(410), status(202)];
  const world = await gateway.world();
  expect(await world.command("w0", { op: "wake" })).toMatchObject({
    error: { code: "turn_not_found" },
  });
  await world.prompt("p");
  await nextAttempt(world);
  const reply = await world.command("w1", { op: "wake" });
  expect(world.events().at(-1)).toMatchObject({ type: "runner.waking", why: "asked" });
  expect(reply).toEqual({ ok: true, result: { position: world.events().length } });
  await nextAttempt(world);
  expect(gateway.calls).toHaveLength(2);
  await world.runner();
  const { length } = world.events();
  expect(await world.command("w2", { op: "wake" })).toMatchObject({ ok: true });
  expect(world.events()).toHaveLength(length);
  expect(world.dueAt("perdure:waking")).toBeUndefined();
});

test("G10 without a gateway there is nobody to call", async () => {
  const world = await new FakeGateway().world({ default: undefined });
  expect(world.session.info().hasGateway).toBe(false);
  await world.prompt("p");
  expect(await world.command("w", { op: "wake" })).toMatchObject({
    error: { code: "bad_request" },
  });
});

test("G11 runners that die before they start use the attempts up", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.prompt("p");
  for (let n = 1; (await nextAttempt(world)) !== undefined; n += 1) {
    if (world.dueAt("perdure:waking") === undefined) break;
    const link = world.connect("runner");
    await world.send(link, { t: "hello", v: 1, process: `r${n}`, spool: `s${n}`, first: 1 });
    world.disconnect(link);
    await turn();
  }
  expect(gateway.attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(world.session.info().waking).toMatchObject({
    type: "runner.unreachable",
    reason: "A runner came and was gone before it had started.",
  });
});

test("G13 a session without a gateway sets no timer; one with a gateway writes no row more while its runner is there", async () => {
  expect(await costOfTurn({})).toBe(await costOfTurn({ default: undefined }));
  const world = await new FakeGateway().world({ default: undefined });
  await world.prompt("p");
  world.evict();
  await turn();
  expect(world.dueAt("perdure:waking")).toBeUndefined();
});

test("a session without anything left to do calls nobody when the timer rings", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.prompt("p");
  await world.command("c", { op: "cancel" });
  await nextAttempt(world);
  expect(gateway.calls).toEqual([]);
  expect(world.session.info().waking).toBeNull();
});

/** Rows that a turn writes while its runner is there, calls of the alarm included. */
async function costOfTurn(change: Partial<GatewayPolicy>): Promise<number> {
  const world = await new FakeGateway().world(change);
  const runner = await world.runner();
  const before = world.sql.counts.written + world.alarms;
  await world.prompt("p");
  await runner.answer("p", "one two three");
  return world.sql.counts.written + world.alarms - before;
}
