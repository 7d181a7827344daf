import { expect, test } from "vitest";
import type { ServerFrame, SessionState } from "../../src/protocol/index.ts";
import { EMPTY_STATE, reduce, splitRun } from "../../src/protocol/index.ts";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld } from "../support/session-world.ts";
import { scriptedSession } from "./scripted-session.ts";

const fold = (world: SessionWorld, upTo: number): SessionState =>
  world
    .events()
    .slice(0, upTo)
    .reduce((state, event) => reduce(state, event, state.position + 1), EMPTY_STATE);

/** Single events in `events` frames, with their positions. */
const placed = (frames: readonly (ServerFrame | string)[]) =>
  frames.flatMap((frame) =>
    typeof frame === "object" && frame.t === "events"
      ? frame.e.flatMap(splitRun).map((event, index) => ({ position: frame.p + index, event }))
      : [],
  );

test("R1 a hello is answered by welcome, pages, the tail, then live", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  await runner.text("not durable");
  const link = await world.reader(0);
  expect(link.kinds).toEqual(["welcome", "events", "events", "live"]);
  expect(link.take()).toMatchObject([
    { t: "welcome", v: 1, session: "s1", subject: "somebody", role: "participant", d: 5, floor: 0 },
    { p: 1, d: 5 },
    { p: 6, d: 5, e: [{ type: "text-delta", delta: "not durable" }] },
    { t: "live", d: 5, runner: { epoch: 1, agent: { name: "test" } } },
  ]);
});

test("R2 R3 from every cursor a reader gets exactly the events after it, and ends with the same messages", async () => {
  const world = await scriptedSession();
  const { head } = world.session.events(0);
  const all = world.events();
  const fresh = fold(world, head);
  expect(fresh.messages).toHaveLength(5);
  for (let after = 0; after <= head; after += 1) {
    const link = await world.reader(after);
    const events = placed(link.take());
    expect(events.map(({ position }) => position)).toEqual(
      Array.from({ length: head - after }, (_, index) => after + index + 1),
    );
    expect(events.map(({ event }) => event)).toEqual(all.slice(after));
    const state = events.reduce(
      (before, { event, position }) => reduce(before, event, position),
      fold(world, after),
    );
    expect(JSON.stringify(state.messages)).toBe(JSON.stringify(fresh.messages));
    world.disconnect(link);
  }
});

test("R2 the client's reader that resumes gets exactly what it missed", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  const reader = await LiveReader.connected(world);
  await world.prompt("one");
  await runner.answer("one", "one two three");
  await reader.pump();
  expect(reader.reader.cursor).toBe(12);
  world.disconnect(reader.link);
  await world.prompt("two");
  await runner.answer("two", "four five");
  const { head } = world.session.events(0);
  reader.positions = 0;
  await reader.connect();
  expect(reader.positions).toBe(head - 12);
  const other = await LiveReader.connected(world, 0);
  expect(JSON.stringify(reader.messages)).toBe(JSON.stringify(other.messages));
});

test("R3 a reader that comes back in the middle of a text goes on in the middle of it", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  for (const word of ["a", "b", "c", "d"]) await runner.text(word);
  await world.settle();
  await runner.text("e");
  const link = await world.reader(7);
  const run = { type: "text-delta", id: "t", delta: "cd", splits: [1, 1] };
  expect(link.take().slice(1, 3)).toMatchObject([
    { p: 8, d: 9, e: [run] },
    { p: 10, d: 9, e: [{ delta: "e" }] },
  ]);
});

test("R4 R17 a fresh reader gets a snapshot at the last position at which no turn ran, then the events after it", async () => {
  const world = await scriptedSession();
  const quiet = world.session.events(0).head;
  const runner = await world.runner("process-2", "spool-2");
  await world.prompt("open", "still open");
  await runner.beginPrompt("open");
  await runner.text("half");
  const link = await world.reader(null);
  const [, snapshot, page, tail, live] = link.take();
  expect(snapshot).toMatchObject({
    t: "snapshot",
    why: "fresh",
    snapshot: {
      position: quiet + 2,
      turns: [{ id: "open" }],
      hasEarlier: false,
      tasks: [{ id: "1", title: "Look" }],
    },
  });
  expect(page).toMatchObject({ t: "events", p: quiet + 3 });
  expect(tail).toMatchObject({ e: [{ type: "text-delta", delta: "half" }] });
  expect(live).toMatchObject({ t: "live" });
});

test("R4 a reader that began with a snapshot ends with what one has that read everything", async () => {
  const world = await scriptedSession();
  const all = await LiveReader.connected(world, 0);
  const fresh = await LiveReader.connected(world);
  const { position: _, ...expected } = all.session;
  expect(fresh.session).toMatchObject(JSON.parse(JSON.stringify(expected)) as object);
  expect(JSON.stringify(fresh.messages)).toBe(JSON.stringify(all.messages));
});

test("R17 a snapshot knows how the last turn ended and what time its content has", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.answer("p", "done");
  const endedAt = world.clock.now();
  // Content outside any turn has the time of the last control event before it.
  world.clock.advance(5_000);
  await runner.emit({ type: "start", messageId: "late" }, { type: "text-start", id: "t" });
  await runner.text("by the way");
  await runner.emit({ type: "finish" }, { type: "start", messageId: "open" });
  await world.command("later", { op: "set-meta", patch: { a: 1 } });
  world.evict();
  const fresh = await LiveReader.connected(world);
  expect(fresh.session.lastOutcome).toEqual({ turn: "p", outcome: "completed" });
  expect(fresh.messages.at(-1)).toMatchObject({ message: { id: "late" }, at: endedAt });
});

test("R17 a snapshot has the newest 50 messages and says that there are more", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  for (let n = 1; n <= 26; n += 1) {
    await world.prompt(`p${n}`);
    await runner.answer(`p${n}`, `reply ${n}`);
  }
  const reader = await LiveReader.connected(world);
  expect(reader.messages.map(({ message }) => message.id)).toEqual(
    Array.from({ length: 25 }, (_, index) => [`p${index + 2}`, `p${index + 2}-reply`]).flat(),
  );
  expect(reader.reader.view.hasEarlier).toBe(true);
});

test("R5 a cursor past the head, and one below the floor, get a snapshot that replaces what the reader has", async () => {
  const world = await scriptedSession();
  const { head } = world.session.events(0);
  const past = await world.reader(head + 1);
  expect(past.take()[1]).toMatchObject({ t: "snapshot", why: "reset" });
  const floor = await world.session.trim(head - 1);
  expect(floor).toBeGreaterThan(5);
  const below = await world.reader(floor - 1);
  expect(below.take()[1]).toMatchObject({ t: "snapshot", why: "reset" });
  const at = await world.reader(floor);
  expect(at.kinds).toEqual(["welcome", "events", "live"]);
  const client = await LiveReader.connected(world, 3);
  expect(client.resets).toBe(1);
  expect(client.messages.map(({ message }) => message.id)).toEqual([
    "first",
    "m-first",
    "second",
    "third",
    "m-second",
  ]);
});

test("R14 a hello may be sent again on the same socket", async () => {
  const world = await scriptedSession();
  const link = await world.reader(0);
  const first = link.take();
  await world.send(link, { t: "hello", v: 1, after: 0 });
  expect(link.take()).toEqual(first);
});
