import { expect, test } from "vitest";
import type { Retention } from "../../src/session/index.ts";
import type { FakeRunner } from "../support/fake-runner.ts";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld } from "../support/session-world.ts";

const HOUR = 60 * 60 * 1000;

const TIMER = "perdure:retention";

/** A session with this retention, and this many answered prompts, an hour apart. */
async function aged(retention: Retention, answers: number) {
  const world = await SessionWorld.created();
  world.retention = retention;
  const runner = await world.runner();
  await answer(world, runner, 1, answers);
  return { world, runner };
}

async function answer(
  world: SessionWorld,
  runner: FakeRunner,
  first: number,
  last: number,
): Promise<void> {
  for (let n = first; n <= last; n += 1) {
    await world.prompt(`p${n}`);
    await runner.answer(`p${n}`, "ok");
    world.clock.advance(HOUR);
  }
}

/** The alarm rings as often as there is something to do now. */
async function ringUntilQuiet(world: SessionWorld): Promise<void> {
  while ((world.dueAt(TIMER) ?? Infinity) <= world.clock.now()) await world.ring();
}

const idsOf = (world: SessionWorld) =>
  world.session.history.recent(200).map(({ message }) => message.id);

const floorOf = (world: SessionWorld) => world.session.info().floor;

test("D12 without retention everything is kept, and no timer is set", async () => {
  const { world } = await aged({}, 5);
  expect(world.dueAt(TIMER)).toBeUndefined();
  expect([floorOf(world), idsOf(world).length]).toEqual([0, 10]);
});

test("D12 of the log the newest events are kept by count, whole rows at a time; messages outlive them", async () => {
  const { world } = await aged({ events: { count: 12 } }, 10);
  await ringUntilQuiet(world);
  const { head } = world.session.info();
  expect(head - floorOf(world)).toBeGreaterThanOrEqual(12);
  expect(head - floorOf(world)).toBeLessThan(20);
  expect(idsOf(world)).toHaveLength(20);
  expect(() => world.session.events(0)).toThrow("read the messages");
});

test("D12 of the log and of the messages what is too old is forgotten", async () => {
  const { world } = await aged({ events: { ageMs: 3 * HOUR }, messages: { ageMs: 5 * HOUR } }, 10);
  await ringUntilQuiet(world);
  const oldest = world.session.events(floorOf(world)).events.find((event) => "at" in event);
  expect(world.clock.now() - Number(oldest?.at)).toBeLessThanOrEqual(3 * HOUR);
  expect(idsOf(world)).toEqual([6, 7, 8, 9, 10].flatMap((n) => [`p${n}`, `p${n}-reply`]));
});

test("D12 of the messages the newest are kept by count, and are not found any more", async () => {
  const { world, runner } = await aged({ messages: { count: 4 } }, 3);
  world.isSearchable = true;
  world.evict();
  await runner.reconnect();
  await answer(world, runner, 4, 6);
  await ringUntilQuiet(world);
  expect(idsOf(world)).toEqual(["p5", "p5-reply", "p6", "p6-reply"]);
  expect(world.session.history.search("ok").messages).toHaveLength(2);
  expect(world.session.history.messages().hasEarlier).toBe(false);
  expect(floorOf(world)).toBe(0);
});

test("D12 content out of line goes with the last message that needs it, and not before", async () => {
  const { world, runner } = await aged({ messages: { count: 2 } }, 0);
  const contents = () => world.sql.run("SELECT digest FROM content").length;
  for (const turn of ["p1", "p2"]) {
    await world.prompt(turn);
    await runner.answer(turn, "x".repeat(300_000));
  }
  world.clock.advance(HOUR);
  await ringUntilQuiet(world);
  expect(idsOf(world)).toEqual(["p2", "p2-reply"]);
  await world.session.trim(world.session.info().head);
  expect(contents()).toBeGreaterThan(0);
  await answer(world, runner, 3, 3);
  await ringUntilQuiet(world);
  await world.session.trim(world.session.info().head);
  expect(contents()).toBe(0);
});

test("D12 what is open is kept, however old it is", async () => {
  const { world, runner } = await aged({ events: { count: 1 }, messages: { count: 1 } }, 3);
  await world.prompt("open");
  await runner.beginPrompt("open");
  await runner.text("still ");
  world.clock.advance(100 * HOUR);
  await ringUntilQuiet(world);
  const reader = new LiveReader(world, null);
  await reader.connect();
  expect(reader.messages.map(({ message }) => message.id)).toContain("open");
  world.evict();
  await runner.reconnect();
  await runner.text("going on");
  await runner.end("open");
  expect(world.session.history.recent(1)[0]?.message.parts).toMatchObject([
    { text: "still going on" },
  ]);
});

test("D12 R5 a reader whose cursor retention has passed gets a reset", async () => {
  const { world } = await aged({ events: { count: 5 } }, 10);
  const reader = new LiveReader(world, 3);
  await ringUntilQuiet(world);
  await reader.connect();
  expect(reader.resets).toBe(1);
  expect(reader.reader.view.isLive).toBe(true);
});

test("D12 L10 a turn of more rows than a step is forgotten whole, and not before its end", async () => {
  const { world, runner } = await aged({ events: { count: 1 } }, 2);
  await world.prompt("long");
  const begun = world.session.events(0).head;
  await runner.beginPrompt("long");
  for (let row = 0; row < 300; row += 1) {
    await runner.text("word ");
    world.clock.advance(1_250);
    await world.settle();
  }
  world.clock.advance(HOUR);
  await ringUntilQuiet(world);
  expect(floorOf(world)).toBe(begun - 1);
  await runner.end("long");
  await answer(world, runner, 3, 3);
  const { head } = world.session.info();
  world.clock.advance(HOUR);
  await ringUntilQuiet(world);
  expect(floorOf(world)).toBeGreaterThan(begun + 300);
  expect(world.session.events(floorOf(world)).events.at(0)).toMatchObject({ type: "turn.queued" });
  expect(floorOf(world)).toBeLessThan(head);
});

test("D12 L12 what a prompt that waits needs is kept, however old", async () => {
  const keep = { count: 1, ageMs: 1 };
  const { world, runner } = await aged({ events: keep, messages: keep }, 1);
  for (const id of ["w1", "w2", "w3"]) await world.prompt(id, `words of ${id}`);
  await runner.beginPrompt("w1");
  await runner.end("w1");
  world.clock.advance(2 * HOUR);
  await ringUntilQuiet(world);
  world.evict();
  expect(world.session.state.turns).toMatchObject([
    { id: "w2", message: { parts: [{ text: "words of w2" }] } },
    { id: "w3", message: { parts: [{ text: "words of w3" }] } },
  ]);
  // What was said after them is behind them.
  expect(idsOf(world).slice(0, 2)).toEqual(["w2", "w3"]);
});

test("D12 a step forgets at most 200 rows of a table, and the next one is at once", async () => {
  const world = await SessionWorld.created();
  for (let n = 0; n < 500; n += 1) await world.command(`m${n}`, { op: "set-meta", patch: { n } });
  world.retention = { events: { count: 10 } };
  await world.command("last", { op: "set-meta", patch: { last: true } });
  world.clock.advance(HOUR);
  const floors: number[] = [];
  while ((world.dueAt(TIMER) ?? Infinity) <= world.clock.now()) {
    await world.ring();
    floors.push(floorOf(world));
    world.clock.advance(1);
  }
  expect(floors).toEqual([200, 400, 492]);
  // Nothing more will pass until something is written.
  expect(world.dueAt(TIMER)).toBeUndefined();
  await world.command("more", { op: "set-meta", patch: { more: 1 } });
  expect(world.dueAt(TIMER)).toBe(world.clock.now() + HOUR);
});

test("D12 an age is looked for when it will be over, at most once an hour, and never in an empty log", async () => {
  const { world } = await aged({ events: { ageMs: 10 * HOUR } }, 1);
  await ringUntilQuiet(world);
  const dueAt = world.dueAt(TIMER) ?? 0;
  expect(dueAt - world.clock.now()).toBeGreaterThan(8 * HOUR);
  world.clock.advance(dueAt - world.clock.now());
  await ringUntilQuiet(world);
  world.clock.advance(20 * HOUR);
  await ringUntilQuiet(world);
  expect(world.dueAt(TIMER)).toBeUndefined();
  const { head, floor } = world.session.info();
  // The last row stays.
  expect(head - floor).toBeGreaterThan(0);
});

/** Lets time pass, ringing the alarm whenever it is due; answers how often it rang. */
async function pass(world: SessionWorld, milliseconds: number): Promise<number> {
  const end = world.clock.now() + milliseconds;
  let rings = 0;
  for (let due = world.dueAt(TIMER); due !== undefined && due <= end; due = world.dueAt(TIMER)) {
    world.clock.advance(Math.max(0, due - world.clock.now()));
    await world.ring();
    rings += 1;
  }
  world.clock.advance(end - world.clock.now());
  return rings;
}

test("D14 a session that is idle forgets when its events and messages come of age, and rings no more often than that", async () => {
  const age = 30 * 24 * HOUR;
  const { world } = await aged({ events: { ageMs: age }, messages: { ageMs: age } }, 3);
  expect(await pass(world, age - 4 * HOUR)).toBe(0);
  expect(idsOf(world)).toHaveLength(6);
  world.evict();
  // A day's talk goes in one or two looks: no more than one an hour.
  expect(await pass(world, 10 * HOUR)).toBeLessThanOrEqual(5);
  expect(idsOf(world)).toEqual([]);
  expect(floorOf(world)).toBeGreaterThan(0);
  expect(world.dueAt(TIMER)).toBeUndefined();
  expect(await pass(world, 10 * age)).toBe(0);
});

test("D14 a session from before there was an age forgets once it is in memory, though nobody writes", async () => {
  const { world } = await aged({}, 3);
  world.clock.advance(1_000 * HOUR);
  const { written } = world.sql.counts;
  world.evict();
  expect(world.sql.counts.written).toBe(written);
  world.retention = { events: { ageMs: HOUR }, messages: { ageMs: 24 * HOUR } };
  world.evict();
  expect(world.dueAt(TIMER)).toBe(world.clock.now() + HOUR);
  // Loaded again it is not put off.
  world.clock.advance(HOUR / 2);
  world.evict();
  expect(world.dueAt(TIMER)).toBe(world.clock.now() + HOUR / 2);
  await pass(world, HOUR);
  expect(idsOf(world)).toEqual([]);
  expect(floorOf(world)).toBeGreaterThan(0);
});

test("D14 an age that has become shorter is heeded once the session is in memory", async () => {
  const { world } = await aged({ messages: { ageMs: 1_000 * HOUR } }, 3);
  expect(world.dueAt(TIMER)).toBeGreaterThan(world.clock.now() + 990 * HOUR);
  world.retention = { messages: { ageMs: 10 * HOUR } };
  world.evict();
  await pass(world, 12 * HOUR);
  expect(idsOf(world)).toEqual([]);
});

test("D14 loading writes nothing where the timer is set, and reads nothing where nothing has an age", async () => {
  const { world } = await aged(
    { events: { ageMs: 900 * HOUR }, messages: { ageMs: 1_000 * HOUR } },
    3,
  );
  const cost = () => {
    const before = { ...world.sql.counts, alarms: world.alarms };
    world.evict();
    const { read, written } = world.sql.counts;
    return [read - before.read, written - before.written + world.alarms - before.alarms] as const;
  };
  const [read, written] = cost();
  world.retention = { messages: { count: 10 }, events: { count: 10 } };
  const [readByCount, writtenByCount] = cost();
  world.retention = {};
  const [readWithout] = cost();
  expect([written, writtenByCount]).toEqual([0, 0]);
  expect(readByCount).toBe(readWithout);
  expect(read).toBeGreaterThan(readWithout);
  expect(read - readWithout).toBeLessThanOrEqual(5);
});

test("D12 retention costs a row for the timer in an hour in which nothing passes", async () => {
  const { world, runner } = await aged({ events: { count: 1_000 } }, 0);
  const before = world.sql.counts.written;
  await world.prompt("p");
  await runner.answer("p", "ok");
  const withRetention = world.sql.counts.written - before;
  const plain = await aged({}, 0);
  const beforePlain = plain.world.sql.counts.written;
  await plain.world.prompt("p");
  await plain.runner.answer("p", "ok");
  expect(withRetention - (plain.world.sql.counts.written - beforePlain)).toBeLessThanOrEqual(1);
});
