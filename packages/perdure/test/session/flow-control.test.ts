import { expect, test } from "vitest";
import { MAX_PAGE_BYTES, MAX_UNACKNOWLEDGED_BYTES } from "../../src/protocol/index.ts";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld, turn } from "../support/session-world.ts";
import type { FakeRunner } from "../support/fake-runner.ts";
import { writingSession } from "./writing-session.ts";

/** Writes this many chunks of 100,000 characters, each durable at once. */
async function write(runner: FakeRunner, chunks: number): Promise<void> {
  for (let n = 0; n < chunks; n += 1) await runner.text(`${n}:`.padEnd(100_000, "x"));
}

test("R15 a live reader that acknowledges nothing is closed with 4430, and resumes from its cursor", async () => {
  const { world, runner } = await writingSession();
  const slow = await LiveReader.connected(world);
  const other = await LiveReader.connected(world);
  for (let n = 0; n < 45; n += 1) {
    await write(runner, 1);
    await other.pump();
    await other.acknowledge();
  }
  expect(slow.link.closed?.code).toBe(4430);
  expect(other.link.closed).toBeUndefined();
  await slow.pump();
  const cursor = slow.reader.cursor;
  expect(cursor).toBeGreaterThan(0);
  slow.positions = 0;
  await slow.connect();
  while (!slow.reader.view.isLive) await slow.acknowledge();
  expect(slow.positions).toBe(world.session.events(0).head - cursor);
  expect(slow.openText).toBe(other.openText);
});

test("R10 a reader that catches up gets pages up to half its window, and goes on as it acknowledges", async () => {
  const { world, runner } = await writingSession();
  await write(runner, 60);
  const link = await world.reader(0);
  const first = link.takeBytes();
  expect(first).toBeGreaterThan(MAX_UNACKNOWLEDGED_BYTES / 2 - MAX_PAGE_BYTES);
  expect(first).toBeLessThan(MAX_UNACKNOWLEDGED_BYTES / 2 + 2 * MAX_PAGE_BYTES);
  await world.send(link, { t: "ack", d: 3 });
  expect(link.texts).toHaveLength(0);
  const cursors: number[] = [];
  let isLive = false;
  for (let d = 20; !isLive; d = cursors.at(-1) ?? 0) {
    await world.send(link, { t: "ack", d });
    expect(link.texts.length).toBeGreaterThan(0);
    for (const frame of link.take()) {
      if (typeof frame !== "object") continue;
      if (frame.t === "events") cursors.push(frame.d);
      isLive ||= frame.t === "live";
    }
  }
  expect(cursors.at(-1)).toBe(world.session.events(0).head);
});

test("R6 the d of a page is the position of its last event", async () => {
  const { world, runner } = await writingSession();
  await write(runner, 3);
  const link = await world.reader(0);
  const pages = link.take().flatMap((f) => (typeof f === "object" && f.t === "events" ? [f] : []));
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.map(({ p }) => p).slice(1)).toEqual(pages.map(({ d }) => d + 1).slice(0, -1));
  expect(pages.at(-1)?.d).toBe(world.session.events(0).head);
});

test("R11 while it catches up a reader gets no live events", async () => {
  const { world, runner } = await writingSession();
  await write(runner, 60);
  const link = await world.reader(0);
  link.take();
  await runner.text("live?");
  await world.settle();
  expect(link.texts).toEqual([]);
});

test("R23 where retention passes a reader that is catching up it gets a snapshot, not a gap", async () => {
  const { world, runner } = await writingSession();
  await write(runner, 60);
  const reader = new LiveReader(world, 0);
  await reader.connect();
  expect(reader.reader.view.isLive).toBe(false);
  await runner.end("p");
  await world.command("after", { op: "set-meta", patch: { a: 1 } });
  await world.session.trim(world.session.events(0).head);
  await reader.acknowledge();
  expect(reader.resets).toBe(1);
  // The snapshot fills its window.
  await reader.acknowledge();
  expect(reader.reader.view.isLive).toBe(true);
  expect(reader.messages.map(({ message }) => message.id)).toEqual(["m"]);
});

test("R18 a dialect reader gets durable events only, in order, each once", async () => {
  const { world, runner } = await writingSession();
  const link = await world.reader(0, "dialect");
  expect(link.kinds).toEqual(["welcome", "events", "live"]);
  link.take();
  await runner.text("not ");
  await runner.text("durable");
  expect(link.texts).toEqual([]);
  await world.settle();
  expect(link.take()).toMatchObject([
    { t: "events", p: 6, d: 9, e: [{}, {}, { delta: "not durable", splits: [4, 7] }] },
  ]);
  await runner.text("lost");
  world.evict();
  expect(link.take()).toMatchObject([{ t: "live", i: "i2", d: 9 }]);
  await runner.emit({ type: "text-end", id: "t" });
  await runner.resend();
  await runner.end("p");
  const frames = link.take();
  expect(frames).toMatchObject([{ t: "events", p: 10, e: [{ delta: "lost" }, {}, {}, {}] }]);
});

test("R18 a dialect reader that connects in mid-text does not get the tail", async () => {
  const { world, runner } = await writingSession();
  await runner.text("tail");
  const link = await world.reader(0, "dialect");
  expect(link.take()).toMatchObject([{}, { t: "events", d: 5 }, { t: "live", d: 5 }]);
});

test("R18 a dialect reader whose cursor retention has passed is reset, also after a hibernation", async () => {
  const { world, runner } = await writingSession();
  const link = await world.reader(0, "dialect");
  link.attach({ cursor: 1 });
  await runner.end("p");
  await world.session.trim(world.session.events(0).head);
  link.take();
  link.attach({ cursor: 1 });
  world.evict();
  expect(link.kinds).toEqual(["snapshot", "live"]);
});

test("S6 a reader whose token has expired gets nothing more and is closed with 4401", async () => {
  const { world, runner } = await writingSession();
  const expiresAt = world.clock.now() + 500;
  const link = await world.reader(null, "reader", { expiresAt });
  const dialect = await world.reader(null, "dialect", { expiresAt });
  await runner.text("before");
  expect(link.kinds.at(-1)).toBe("events");
  link.take();
  dialect.take();
  world.clock.advance(500);
  await turn();
  await runner.text("after");
  expect([link.texts, link.closed?.code]).toEqual([[], 4401]);
  await runner.end("p");
  expect([dialect.texts, dialect.closed?.code]).toEqual([[], 4401]);
});

test("S6 neither presence nor a catch-up nor the stale notice reaches an expired reader", async () => {
  const { world, runner } = await writingSession();
  await write(runner, 60);
  const expiresAt = world.clock.now() + 500;
  const live = await world.reader(world.session.events(0).head, "reader", { expiresAt });
  const catchingUp = await world.reader(0, "reader", { expiresAt });
  const forgotten = await world.reader(null, "reader", { expiresAt });
  for (const link of [live, catchingUp, forgotten]) link.take();
  world.clock.advance(500);
  world.disconnect(runner.link);
  await world.send(catchingUp, { t: "ack", d: 20 });
  world.evict();
  for (const link of [live, catchingUp, forgotten])
    expect([link.texts, link.closed?.code]).toEqual([[], 4401]);
});

test("S6 a runner whose token has expired gets no command and is closed with 4401", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  runner.frames();
  runner.link.attach({ expiresAt: world.clock.now() });
  await world.prompt("p");
  expect([runner.frames(), runner.link.closed?.code]).toEqual([[], 4401]);
});

test("R20 live readers are told when a runner comes and goes", async () => {
  const world = await SessionWorld.created();
  const link = await world.reader();
  link.take();
  const runner = await world.runner();
  expect(link.take()[0]).toMatchObject({ t: "runner", runner: { epoch: 1 } });
  link.take();
  world.disconnect(runner.link);
  expect(link.take()).toEqual([{ t: "runner", runner: null, i: "i1" }]);
});
