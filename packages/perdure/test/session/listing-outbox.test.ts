import { expect, test } from "vitest";
import { OWNER, SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const SECOND = 1_000;

/** What the list knows of the session: its newest line. */
const listed = (world: SessionWorld) => world.listings.at(-1)?.status;

/** The alarm rings, if it is set, and only then. */
async function ringWhenDue(world: SessionWorld): Promise<void> {
  if (world.alarm === undefined) throw new Error("nothing would wake the object");
  world.clock.advance(Math.max(0, world.alarm - world.clock.now()));
  await world.ring();
}

test("I1 T16 the list is told what changed, once, and again by an object whose memory is new", async () => {
  const { world, runner } = await writingSession();
  const lines = () => world.listings.map(({ status, title }) => [status, title]);
  expect(lines()).toEqual([
    ["idle", null],
    ["running", "hello"],
  ]);
  expect(world.tellings).toBe(2);
  world.evict();
  expect(world.tellings).toBe(3);
  await world.command("m", { op: "set-meta", patch: { color: "red" } });
  await runner.reconnect();
  expect(world.tellings).toBe(3);
  await runner.end("p");
  expect(lines().slice(2)).toEqual([["idle", "hello"]]);
  expect(world.tellings).toBe(4);
});

test("I1 a change that an object did not live to tell is told when its alarm rings, within 30 s", async () => {
  const world = await SessionWorld.created();
  await ringWhenDue(world);
  world.isListAway = true;
  const changedAt = world.clock.now();
  await world.prompt("p");
  // The object ends before the list has heard; nobody calls it.
  world.sleep();
  world.isListAway = false;
  expect(world.alarm).toBe(changedAt + 30 * SECOND);
  expect(listed(world)).toBe("idle");
  await ringWhenDue(world);
  expect(listed(world)).toBe("running");
  expect(world.alarm).toBeUndefined();
});

test("I1 a timer that is set while the list may be owed a change does not put the alarm off", async () => {
  const world = await SessionWorld.created();
  await ringWhenDue(world);
  world.isListAway = true;
  await world.prompt("p");
  const changedAt = world.clock.now();
  world.evict();
  world.setTimer("app", changedAt + 3_600 * SECOND);
  world.sleep();
  expect(world.alarm).toBeLessThanOrEqual(changedAt + 30 * SECOND);
  world.isListAway = false;
  await ringWhenDue(world);
  expect(listed(world)).toBe("running");
  expect(world.alarm).toBe(changedAt + 3_600 * SECOND);
});

test("I1 a line whose transaction is undone is not told; the next one is, and sets the alarm anew", async () => {
  const world = await SessionWorld.created();
  await ringWhenDue(world);
  const { alarms, tellings } = world;
  world.sql.script(
    "CREATE TRIGGER full BEFORE INSERT ON commands BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  expect(await world.prompt("p")).toMatchObject({ ok: false });
  expect([world.tellings, world.alarms]).toEqual([tellings, alarms]);
  world.sql.script("DROP TRIGGER full");
  world.sql.script(
    "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  expect(await world.prompt("p")).toMatchObject({ ok: false });
  world.sql.script("DROP TRIGGER full");
  world.sql.script(
    "CREATE TRIGGER full BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  expect(await world.prompt("p")).toMatchObject({ ok: false });
  expect(world.tellings).toBe(tellings);
  world.sql.script("DROP TRIGGER full");
  const before = world.alarms;
  await world.prompt("p");
  expect([listed(world), world.alarms]).toEqual(["running", before + 1]);
});

test("I2 a list that cannot be told is told again after 30 s, then after twice as long, up to an hour", async () => {
  const world = new SessionWorld();
  world.isListAway = true;
  await world.session.create(OWNER, { id: "s1" });
  const waits: number[] = [];
  for (let n = 0; n < 10; n += 1) {
    waits.push(((world.alarm ?? 0) - world.clock.now()) / SECOND);
    await ringWhenDue(world);
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
  world.isListAway = false;
  await ringWhenDue(world);
  expect([listed(world), world.alarm]).toEqual(["idle", undefined]);
});

test("I3 the version of a line is the position at which it changed, whoever asks and when", async () => {
  const { world, runner } = await writingSession();
  const { lineVersion } = world;
  await world.command("m", { op: "set-meta", patch: { color: "red" } });
  await runner.text("more");
  await world.settle();
  world.evict();
  expect(world.lineVersion).toBe(lineVersion);
  await runner.reconnect();
  await runner.end("p");
  expect(world.lineVersion).toBe(world.session.info().head);
});

test("the alarm for the list is set once for all that changes within 30 s, and costs a row", async () => {
  const world = await SessionWorld.created();
  await ringWhenDue(world);
  const { alarms } = world;
  await world.prompt("p");
  world.clock.advance(10 * SECOND);
  await world.command("c", { op: "cancel" });
  expect(world.alarms - alarms).toBe(1);
  await ringWhenDue(world);
  expect(world.alarms - alarms).toBe(1);
});
