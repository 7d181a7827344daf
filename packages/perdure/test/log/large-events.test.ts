import { expect, test } from "vitest";
import { ContentStore } from "../../src/log/index.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { finish, LogWorld, text } from "./log-world.ts";

/** The platform's limit is 2 MB; half of it is ours. */
const MAX_ROW_BYTES = 1_000_000;

const CHUNK = 256 * 1024;

function blob(data: string): SessionEvent {
  return { type: "data-blob", data };
}

test.for([
  ["4 MB of ASCII", "x".repeat(4 * 1024 * 1024)],
  ["4 MB of three-byte characters", "€".repeat(1_400_000)],
  ["4 MB of surrogate pairs", "😀".repeat(1_048_576)],
  ["quotes, which JSON doubles", '"'.repeat(600_000)],
  ["control characters, which JSON makes six of", "\u0001".repeat(200_000)],
  ["lone halves of pairs", "\ud83d".repeat(200_000)],
] as const)("L7 an event of %s is read back whole, and no row reaches 1 MB", ([, data]) => {
  const world = new LogWorld();
  world.append(text("before"), blob(data), text("after"));
  world.flush();
  expect(world.rows()).toHaveLength(1);
  expect(world.largestValue()).toBeLessThan(MAX_ROW_BYTES);
  world.load();
  expect(world.all()).toEqual([text("before"), blob(data), text("after")]);
});

test("L7 a surrogate pair at any place around the border of a chunk stays whole", () => {
  for (let shift = 0; shift < 5; shift += 1) {
    const world = new LogWorld();
    const store = new ContentStore(world.sql);
    const content = `${"x".repeat(CHUNK - 3 + shift)}😀😀${"y".repeat(CHUNK - 4)}😀`;
    const digest = store.put(content, 1);
    expect(store.get(digest) === content).toBe(true);
  }
});

test("L7 an empty text is content, too", () => {
  const store = new ContentStore(new LogWorld().sql);
  expect(store.get(store.put("", 1))).toBe("");
});

test("L7 the limit of a row is a limit of the event, not of the flush", () => {
  const world = new LogWorld();
  world.append(blob("x".repeat(131_072 - 40)), blob("y".repeat(131_072)));
  world.flush();
  expect(world.contents()).toHaveLength(1);
});

test("L7 a long run is out of line as a whole, and is resumed in mid-text", () => {
  const world = new LogWorld();
  const deltas = Array.from({ length: 300 }, (_, index) => text(`${index}`.repeat(300)));
  world.append(...deltas);
  world.flush();
  expect(world.contents()).toHaveLength(1);
  for (const cursor of [0, 1, 150, 299, 300])
    expect(world.after(cursor)).toEqual(deltas.slice(cursor));
});

test("L7 the same content is stored once", () => {
  const world = new LogWorld();
  const large = blob("x".repeat(300_000));
  world.append(large, large);
  world.flush();
  world.append(large);
  world.flush();
  expect(world.contents()).toHaveLength(1);
  expect(world.all()).toEqual([large, large, large]);
});

test("L8 a flush of more than 262,144 UTF-16 units goes on in another row, without a gap", () => {
  const world = new LogWorld();
  const events = Array.from({ length: 9 }, (_, index) => blob(`${index}`.repeat(100_000)));
  world.append(...events);
  world.flush({ r: 9 });
  expect(world.rows().map(({ position }) => position)).toEqual([2, 4, 6, 8, 9]);
  expect(world.largestValue()).toBeLessThan(MAX_ROW_BYTES);
  world.load();
  expect(world.log.carry).toEqual({ r: 9 });
  expect(world.all()).toEqual(events);
});

test("L8 large events do not make a flush go on in another row: a reference is short", () => {
  const world = new LogWorld();
  const events = Array.from({ length: 9 }, (_, index) => blob(`${index}`.repeat(200_000)));
  world.append(finish, ...events, finish);
  world.flush();
  expect(world.rows()).toHaveLength(1);
  expect(world.all()).toEqual([finish, ...events, finish]);
});

test("L9 a page reads no more content out of line than it holds", () => {
  const world = new LogWorld();
  const events = Array.from({ length: 6 }, (_, index) => blob(`${index}`.repeat(600_000)));
  world.append(...events);
  world.flush();
  world.load();
  const before = world.sql.counts.read;
  const page = world.log.read(2);
  expect(page).toEqual({ position: 3, events: [events[2]], next: 3 });
  // One row of the log, and the three chunks of 600,000 units.
  expect(world.sql.counts.read - before).toBe(4);
});

test("L12 loading a log reads no content", () => {
  const world = new LogWorld();
  world.append(blob("x".repeat(4_000_000)));
  world.flush();
  const before = world.sql.counts.read;
  world.load();
  expect(world.sql.counts.read - before).toBe(2);
});
