import { expect, test } from "vitest";
import type { SessionWorld } from "../support/session-world.ts";
import { turn } from "../support/session-world.ts";
import { FakeGateway, nextAttempt } from "./waking-world.ts";

const status = (code: number) => new Response(null, { status: code });

/** A runner that says hello and is gone before it has started. */
async function visit(world: SessionWorld, name: string): Promise<void> {
  const link = world.connect("runner");
  await world.send(link, { t: "hello", v: 1, process: name, spool: name, first: 1 });
  world.disconnect(link);
  await turn();
}

test.each([202, 410, 500])(
  "G5 an answer (%i) that comes after a runner came and went changes nothing of the attempt that is due then",
  async (code) => {
    const gateway = new FakeGateway();
    gateway.answers = [status(code)];
    const world = await gateway.world();
    await world.prompt("p");
    let due: number | undefined;
    gateway.meanwhile = async () => {
      await visit(world, "brief");
      due = world.dueAt("perdure:waking");
      world.clock.advance(1_000);
    };
    await nextAttempt(world);
    expect(due).toBe(world.clock.now() + 14_000);
    expect(world.dueAt("perdure:waking")).toBe(due);
    expect(world.session.info().waking).toMatchObject({ type: "runner.waking", attempt: 1 });
    gateway.meanwhile = async () => {};
    await nextAttempt(world);
    expect(gateway.attempts).toEqual([1, 2]);
  },
);

test("G5 an answer that comes after a runner has worked and dropped is none to the waking that has begun then", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(410), status(202)];
  const world = await gateway.world();
  await world.prompt("p");
  gateway.meanwhile = async () => {
    const runner = await world.runner();
    await runner.beginPrompt("p");
    world.disconnect(runner.link);
    await turn();
  };
  await nextAttempt(world);
  expect(world.session.info().waking).toBeNull();
  gateway.meanwhile = async () => {};
  expect(await nextAttempt(world)).toBe(15_000);
  expect(gateway.attempts).toEqual([1, 1]);
  expect(gateway.calls[1]?.id).not.toBe(gateway.calls[0]?.id);
});

test("G5 a waking that a person has begun anew takes no answer to the call before it", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(410), status(202)];
  const world = await gateway.world();
  await world.prompt("p");
  gateway.meanwhile = async () => void (await world.command("w", { op: "wake" }));
  await nextAttempt(world);
  expect(world.session.info().waking).toMatchObject({ type: "runner.waking", why: "asked" });
  expect(world.dueAt("perdure:waking")).toBeDefined();
});

/** A session that is paused, whose runner has dropped in a turn since. */
async function droppedWhilePaused() {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  await world.command("pause", { op: "pause" });
  world.disconnect(runner.link);
  await turn();
  return { gateway, world };
}

test("G2 a runner that drops while its session is paused is not looked for; resumed, the session gives it the rest of its 15 s", async () => {
  const { gateway, world } = await droppedWhilePaused();
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  world.clock.advance(5_000);
  await world.command("resume", { op: "resume" });
  expect(await nextAttempt(world)).toBe(10_000);
  expect(gateway.attempts).toEqual([1]);
});

test("G2 a runner that drops while its session is paused, and the object forgets, is looked for once it is resumed", async () => {
  const { gateway, world } = await droppedWhilePaused();
  world.evict();
  await turn();
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  await world.command("resume", { op: "resume" });
  expect(await nextAttempt(world)).toBe(0);
  expect(gateway.attempts).toEqual([1]);
});

test("G1 a session that is paused while it looks for a runner calls nobody, and goes on when it is resumed", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(500)];
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  await world.command("pause", { op: "pause" });
  expect(await nextAttempt(world)).toBeDefined();
  expect(gateway.attempts).toEqual([1]);
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  await world.command("resume", { op: "resume" });
  await nextAttempt(world);
  expect(gateway.calls).toHaveLength(2);
});

test("G1 a session that is paused while a call is under way takes no answer, and calls again when it is resumed", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(410), status(202)];
  const world = await gateway.world();
  await world.prompt("p");
  gateway.meanwhile = async () => void (await world.command("pause", { op: "pause" }));
  await nextAttempt(world);
  expect(world.session.info().waking).not.toMatchObject({ type: "runner.unreachable" });
  gateway.meanwhile = async () => {};
  await world.command("resume", { op: "resume" });
  await nextAttempt(world);
  expect(gateway.calls).toHaveLength(2);
});

test("G7 a gateway that wants to be left alone for longer than an hour is called within one", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [new Response(null, { status: 503, headers: { "retry-after": "999999" } })];
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  expect(await nextAttempt(world)).toBe(60 * 60 * 1000);
  expect(world.session.info().waking).toMatchObject({ type: "runner.unreachable" });
});

test.each([408, 409, 425, 429, 500, 503])(
  "G5 HTTP status %i without a time to come back is tried again",
  async (code) => {
    const gateway = new FakeGateway();
    gateway.answers = [status(code)];
    const world = await gateway.world();
    await world.prompt("p");
    await nextAttempt(world);
    expect(world.session.info().waking).toMatchObject({ type: "runner.waking", attempt: 2 });
  },
);

test("G1 a second prompt begins no second waking", async () => {
  const gateway = new FakeGateway();
  gateway.answers = [status(500)];
  const world = await gateway.world();
  await world.prompt("p");
  await nextAttempt(world);
  const due = world.dueAt("perdure:waking");
  await world.prompt("q");
  expect(world.dueAt("perdure:waking")).toBe(due);
  await nextAttempt(world);
  expect(gateway.attempts).toEqual([1, 2]);
});

test("G9 the last attempt ends with the reason, whatever it was: eight calls that were taken, and nobody came", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world();
  await world.prompt("p");
  for (let n = 0; (await nextAttempt(world)) !== undefined && n < 20; n += 1) world.evict();
  expect(gateway.attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(world.events().filter(({ type }) => type === "runner.unreachable")).toMatchObject([
    { reason: "The gateway took the call, and no runner came within 30 s." },
  ]);
});
