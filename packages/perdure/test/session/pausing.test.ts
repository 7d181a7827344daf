import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/protocol/index.ts";
import type { Lifetime } from "../../src/session/index.ts";
import { OWNER, SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const MINUTE = 60_000;
const BOB = { ...OWNER, subject: "bob" };

/** A session that goes on by itself for so long. */
async function mortal(lifetime: Lifetime): Promise<SessionWorld> {
  const world = new SessionWorld();
  world.lifetime = lifetime;
  await world.session.create(OWNER, { id: "s1" });
  return world;
}

/** Time passes, and the alarm rings where it is due. */
async function pass(world: SessionWorld, milliseconds: number): Promise<void> {
  world.clock.advance(milliseconds);
  await world.ring();
}

const moves = (world: SessionWorld) =>
  world
    .events()
    .filter((event): event is Extract<SessionEvent, { type: "session.lifecycle" }> =>
      event.type.startsWith("session.lifecycle"),
    )
    .map(({ state, by, why }) => [state, by, why].filter(Boolean).join(" "));

test("T20 what is in force already is answered with where the log stands, and is no event", async () => {
  const world = await SessionWorld.created();
  const active = await world.command("r1", { op: "resume" });
  expect(active).toEqual({ ok: true, result: { position: 1 } });
  const paused = await world.command("p1", { op: "pause" });
  await world.prompt("q");
  const again = await world.command("p2", { op: "pause" }, BOB);
  const { head } = world.session.info();
  expect([paused, again]).toMatchObject([
    { ok: true, result: { position: 2 } },
    { ok: true, result: { position: head } },
  ]);
  expect(world.session.info().paused).toEqual({ by: "owner", at: world.clock.now() });
  await world.command("r2", { op: "resume" });
  await world.command("r3", { op: "resume" }, BOB);
  expect(moves(world)).toEqual(["paused owner", "active owner"]);
  expect(world.session.info().paused).toBeNull();
});

test("T7 a turn that runs when the session is paused goes on to its end; the next one waits", async () => {
  const { world, runner } = await writingSession();
  await world.prompt("q");
  await world.command("pause", { op: "pause" });
  await runner.text("more");
  expect(world.session.info()).toMatchObject({ lifecycle: "paused", status: "running" });
  await runner.end("p");
  expect(runner.commands()).toEqual([]);
  expect(world.session.info()).toMatchObject({ lifecycle: "paused", status: "queued" });
});

test("T22 a session in which nothing happens is paused, and the next prompt resumes it", async () => {
  const world = await mortal({ pauseAfterIdleMs: 10 * MINUTE });
  await pass(world, 10 * MINUTE);
  const at = world.clock.now();
  world.evict();
  expect(world.session.info().paused).toEqual({ by: "perdure", at, why: "idle" });
  const runner = await world.runner();
  await world.prompt("p");
  expect(runner.commands()).toMatchObject([{ kind: "prompt", turn: "p" }]);
  expect(moves(world)).toEqual(["paused perdure idle", "active perdure"]);
  expect(world.dueAt("perdure:idle")).toBe(world.clock.now() + 10 * MINUTE);
});

test("T22 what a person has paused waits for a person, also where a timer had paused it before", async () => {
  const world = await mortal({ pauseAfterIdleMs: 10 * MINUTE });
  await pass(world, 10 * MINUTE);
  await world.command("pause", { op: "pause" }, BOB);
  await world.prompt("p");
  expect(world.session.info()).toMatchObject({ lifecycle: "paused", paused: { by: "bob" } });
  await world.command("resume", { op: "resume" });
  expect(moves(world)).toEqual(["paused perdure idle", "paused bob", "active owner"]);
  expect(world.dueAt("perdure:idle")).toBeDefined();
});

test("T22 the idle timer looks back when it rings: what happens meanwhile moves no alarm", async () => {
  const world = await mortal({ pauseAfterIdleMs: 10 * MINUTE });
  const runner = await world.runner();
  const { alarms } = world;
  world.clock.advance(6 * MINUTE);
  await world.prompt("p");
  await runner.answer("p", "one two");
  expect(world.alarms).toBe(alarms);
  await pass(world, 4 * MINUTE);
  expect(world.session.info().lifecycle).toBe("active");
  expect(world.dueAt("perdure:idle")).toBe(world.clock.now() + 6 * MINUTE);
  await pass(world, 6 * MINUTE);
  expect(world.session.info().lifecycle).toBe("paused");
});

test("T22 a session with an open turn is not idle, however long it takes", async () => {
  const world = await mortal({ pauseAfterIdleMs: 10 * MINUTE });
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  await pass(world, 10 * MINUTE);
  await pass(world, 10 * MINUTE);
  expect(world.session.info()).toMatchObject({ lifecycle: "active", paused: null });
});

test("T22 a class that gets a lifetime later gives it to a session with its next prompt", async () => {
  const world = await SessionWorld.created();
  world.lifetime = { pauseAfterIdleMs: MINUTE };
  await world.prompt("p");
  expect(world.dueAt("perdure:idle")).toBe(world.clock.now() + MINUTE);
});

test("T23 a session whose time is over is terminated, whatever it is doing", async () => {
  const world = await mortal({ terminateAfterMs: 60 * MINUTE, eraseAfterTerminatedMs: MINUTE });
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  await pass(world, 60 * MINUTE);
  expect(world.events().slice(-2)).toMatchObject([
    { type: "turn.ended", turn: "p", outcome: "interrupted" },
    { type: "session.lifecycle", state: "terminated", by: "perdure", why: "expired" },
  ]);
  expect(runner.link.closed?.code).toBe(4410);
  expect(world.dueAt("perdure:erase")).toBe(world.clock.now() + MINUTE);
});

test("whoever creates a session may say otherwise, and a session without a lifetime has no timers of it", async () => {
  const world = new SessionWorld();
  world.lifetime = { pauseAfterIdleMs: MINUTE };
  const lifetime = { pauseAfterIdleMs: 5 * MINUTE, terminateAfterMs: 9 * MINUTE };
  await world.session.create(OWNER, { id: "s1", lifetime });
  world.evict();
  await pass(world, 5 * MINUTE);
  expect(world.session.info().lifecycle).toBe("paused");
  await pass(world, 4 * MINUTE);
  expect(world.session.info().lifecycle).toBe("terminated");

  const plain = await SessionWorld.created();
  await plain.prompt("p");
  expect([plain.dueAt("perdure:idle"), plain.dueAt("perdure:end")]).toEqual([undefined, undefined]);
});

test("T21 a reader is closed with 4410 when it has everything, and so is one that comes later", async () => {
  const world = await SessionWorld.created();
  const live = await world.reader();
  const silent = world.connect("reader");
  live.take();
  await world.send(live, { t: "command", id: "t", command: { op: "terminate" } });
  expect(live.closed).toBeUndefined();
  const admin = await world.reader(null, "reader", { role: "admin" });
  live.take();
  await world.send(admin, { t: "command", id: "t2", command: { op: "terminate" } });
  expect(live.kinds).toEqual(["events"]);
  expect(admin.kinds.slice(-2)).toEqual(["events", "reply"]);
  expect([live, admin].map(({ closed }) => closed?.code)).toEqual([4410, 4410]);
  expect(silent.closed).toBeUndefined();
  await world.send(silent, { t: "hello", v: 1, after: 0 });
  expect(silent.kinds).toEqual(["welcome", "events", "live"]);
  expect(silent.closed?.code).toBe(4410);
  world.evict();
  const late = await world.reader();
  expect(late.kinds).toEqual(["welcome", "snapshot", "live"]);
  expect(late.closed?.code).toBe(4410);
});

test("T21 memory that was lost between the end and the closing closes readers when it is new", async () => {
  const world = await SessionWorld.created();
  await world.command("t", { op: "terminate" });
  const { head } = world.session.info();
  const has = world.connect("reader", { cursor: head });
  const lacks = world.connect("reader", { cursor: head - 1 });
  world.evict();
  expect(has.closed?.code).toBe(4410);
  expect([lacks.kinds, lacks.closed]).toEqual([["head"], undefined]);
});

test("T21 a stream of another protocol gets what it missed, and session_terminated where that is nothing", async () => {
  const world = await SessionWorld.created();
  await world.command("t", { op: "terminate" });
  const { head } = world.session.info();
  const stream = await world.reader(0, "dialect");
  expect(stream.kinds).toEqual(["welcome", "events", "live"]);
  expect(stream.closed?.code).toBe(4410);
  await expect(world.reader(head, "dialect")).rejects.toMatchObject({ code: "session_terminated" });
});
