import { expect, test } from "vitest";
import { EventLog, FLUSH_LENGTH, sessionEvents } from "../../src/log/index.ts";
import { splitRun } from "../../src/protocol/index.ts";
import { finish, LogWorld, text } from "./log-world.ts";

test("L1 positions begin at 1 and have no gaps, over flushes and evictions", () => {
  const world = new LogWorld();
  expect(world.append(text("a"), text("b"))).toEqual([1, 2]);
  world.flush();
  expect(world.append(finish)).toEqual([3]);
  world.flush();
  world.load();
  expect([world.log.head, world.log.last]).toEqual([3, 3]);
  expect(world.append(text("c"))).toEqual([4]);
});

test("L1 a position does not come from a clock: time that goes back changes nothing", () => {
  const world = new LogWorld();
  world.append(finish);
  world.flush();
  world.clock.advance(-1_000_000);
  expect(world.append(finish)).toEqual([2]);
  world.flush();
  expect(world.all()).toEqual([finish, finish]);
});

test("L2 positions of a tail that was lost with memory are given again", () => {
  const world = new LogWorld();
  world.append(text("a"));
  world.flush();
  world.append(text("lost"), text("lost too"));
  expect([world.log.head, world.log.last, world.log.tail.length]).toEqual([1, 3, 2]);
  world.load();
  expect([world.log.head, world.log.last, world.log.tail.length]).toEqual([1, 1, 0]);
  expect(world.append(finish)).toEqual([2]);
});

test("L3 a flush stores the tail as one row, keyed by its last position, adjacent deltas merged", () => {
  const world = new LogWorld();
  world.append(text("Hel"), text("lo"), text(" there"), finish, text("b", "other"));
  const { written } = world.sql.counts;
  world.flush();
  expect(world.sql.counts.written - written).toBe(1);
  expect(world.rows()).toEqual([
    {
      position: 5,
      body: {
        v: 1,
        from: 1,
        at: world.clock.now(),
        carry: { step: 1 },
        e: [
          { type: "text-delta", id: "t", delta: "Hello there", splits: [3, 2, 6] },
          finish,
          { type: "text-delta", id: "other", delta: "b" },
        ],
      },
    },
  ]);
});

test("L3 a flush of an empty tail writes nothing", () => {
  const world = new LogWorld();
  const { written } = world.sql.counts;
  expect(world.flush()).toBe(false);
  expect(world.sql.counts.written).toBe(written);
});

test("L15 the last row carries what was given with the last flush", () => {
  const world = new LogWorld();
  expect(world.log.carry).toBeUndefined();
  world.append(finish);
  world.flush({ spool: "s", r: 1 });
  world.append(finish);
  world.flush({ spool: "s", r: 2 });
  world.append(finish);
  expect(world.log.carry).toEqual({ spool: "s", r: 2 });
  world.load();
  expect(world.log.carry).toEqual({ spool: "s", r: 2 });
});

test("L6 a tail is full at 32,768 UTF-16 units of text, and empty after a flush", () => {
  const world = new LogWorld();
  world.append(text("x".repeat(FLUSH_LENGTH - 10)));
  expect(world.log.isTailFull).toBe(false);
  world.append(text("four, and the text"));
  expect(world.log.isTailFull).toBe(true);
  world.flush();
  expect(world.log.isTailFull).toBe(false);
});

test("L6 large events that are no deltas fill the tail, too", () => {
  const world = new LogWorld();
  world.append({ type: "data-blob", data: "x".repeat(FLUSH_LENGTH) });
  expect(world.log.isTailFull).toBe(true);
});

test("L9 a page ends with the event that takes it past the limit, and goes on from its next", () => {
  const world = new LogWorld();
  for (let index = 0; index < 40; index += 1) {
    world.append({ type: "data-n", data: "x".repeat(1_000) });
    if (index % 7 === 0) world.flush();
  }
  world.flush();
  const sizes: number[] = [];
  let after = 0;
  while (after < world.log.head) {
    const page = world.log.read(after, 4_000);
    expect(page.position).toBe(after + 1);
    expect(page.next).toBe(after + page.events.length);
    sizes.push(page.events.length);
    after = page.next;
  }
  expect(sizes).toEqual(Array.from({ length: 10 }, () => 4));
});

test("L9 a page of very many small rows is as long as one of few large ones", () => {
  const world = new LogWorld();
  for (let index = 0; index < 200; index += 1) {
    world.append(finish);
    world.flush();
  }
  const size = JSON.stringify(finish).length;
  expect(world.log.read(0, 100 * size)).toMatchObject({ next: 100 });
});

test("a page at the head, or past it, is empty and keeps the cursor", () => {
  const world = new LogWorld();
  world.append(finish, finish);
  expect(world.log.read(0)).toEqual({ position: 1, events: [], next: 0 });
  world.flush();
  expect(world.log.read(2)).toEqual({ position: 3, events: [], next: 2 });
});

test("a page holds durable events only", () => {
  const world = new LogWorld();
  world.append(finish);
  world.flush();
  world.append(text("tail"));
  expect(world.log.read(0).events).toEqual([finish]);
});

test("W8 splitting what was stored gives back the very deltas, empty ones and halves of a pair too", () => {
  const world = new LogWorld();
  const deltas = ["", "a\ud83d", "\ude00b", "", "\ud83d", "c", "\udc00\ud800", ""];
  world.append(...deltas.map((delta) => text(delta)));
  world.flush();
  world.load();
  const [run] = world.log.read(0).events;
  expect(run === undefined ? [] : splitRun(run)).toEqual(deltas.map((delta) => text(delta)));
});

test("L14 after an undone transaction the log goes on from where it was", () => {
  const world = new LogWorld();
  world.append(finish);
  world.flush({ n: 1 });
  world.append(text("kept"));
  expect(() =>
    world.sql.transaction(() => {
      world.append(text(" undone"));
      world.flush({ n: 2 });
      world.append(finish);
      throw new Error("no");
    }),
  ).toThrow("no");
  expect([world.log.head, world.log.last, world.log.carry]).toEqual([1, 2, { n: 1 }]);
  expect(world.log.tail).toEqual([text("kept")]);
  expect(world.append(text(" anew"))).toEqual([3]);
  world.flush({ n: 3 });
  expect(world.all()).toEqual([finish, text("kept"), text(" anew")]);
  world.load();
  expect(world.all()).toEqual([finish, text("kept"), text(" anew")]);
});

test("L14 an inner transaction that is undone takes back what it appended, and no more", () => {
  const world = new LogWorld();
  world.sql.transaction(() => {
    world.append(text("a"));
    expect(() =>
      world.sql.transaction(() => {
        world.append(text("b"));
        world.flush();
        throw new Error("no");
      }),
    ).toThrow("no");
    world.append(text("c"));
    world.flush();
  });
  expect(world.all()).toEqual([text("a"), text("c")]);
});

test("L14 a tail that fills and is undone is not full", () => {
  const world = new LogWorld();
  expect(() =>
    world.sql.transaction(() => {
      world.append(text("x".repeat(FLUSH_LENGTH)));
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(world.log.isTailFull).toBe(false);
});

test("two logs over the same storage see the same events", () => {
  const world = new LogWorld();
  world.append(text("a"), finish);
  world.flush();
  expect(new EventLog(world.sql, world.clock, sessionEvents()).read(0)).toEqual(world.log.read(0));
});
