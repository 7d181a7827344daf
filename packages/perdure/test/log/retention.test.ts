import { expect, test } from "vitest";
import { digestOf } from "../../src/object/index.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { finish, LogWorld, text } from "./log-world.ts";

function blob(letter: string): SessionEvent {
  return { type: "data-blob", data: letter.repeat(200_000) };
}

/** A log of ten rows with two events each. */
function tenRows(): LogWorld {
  const world = new LogWorld();
  for (let row = 0; row < 10; row += 1) {
    world.append(text("a"), finish);
    world.flush({ row });
  }
  return world;
}

test("L10 trimming forgets whole rows up to a position, and moves the floor", () => {
  const world = tenRows();
  expect(world.log.floor).toBe(0);
  expect(world.log.trim(5)).toBe(4);
  expect(world.log.trim(6)).toBe(6);
  expect(world.log.trim(3)).toBe(6);
  expect([world.log.floor, world.log.head, world.rows().length]).toEqual([6, 20, 7]);
  expect(world.load().floor).toBe(6);
});

test("L10 the last row stays, with what it carries, however far a trim goes", () => {
  const world = tenRows();
  expect(world.log.trim(Number.MAX_SAFE_INTEGER)).toBe(18);
  world.load();
  expect([world.log.head, world.log.floor, world.log.carry]).toEqual([20, 18, { row: 9 }]);
  expect(world.append(finish)).toEqual([21]);
});

test("L10 trimming an empty log, or only a tail, changes nothing", () => {
  const world = new LogWorld();
  expect(world.log.trim(5)).toBe(0);
  world.append(finish);
  expect(world.log.trim(5)).toBe(0);
  world.flush();
  expect(world.all()).toEqual([finish]);
});

test("L14 a trim that is undone has not moved the floor", () => {
  const world = tenRows();
  expect(() =>
    world.sql.transaction(() => {
      world.log.trim(8);
      throw new Error("no");
    }),
  ).toThrow("no");
  expect([world.log.floor, world.rows().length]).toEqual([0, 10]);
});

test("L11 content is forgotten with the last row that needs it, and not before", () => {
  const world = new LogWorld();
  for (const events of [[blob("a"), blob("b")], [blob("a")], [blob("c")], [finish]]) {
    world.append(...events);
    world.flush();
  }
  expect(world.contents()).toHaveLength(3);
  world.log.trim(2);
  expect(world.contents()).toHaveLength(2);
  expect(world.all()).toEqual([blob("a"), blob("c"), finish]);
  world.log.trim(3);
  expect(world.contents()).toHaveLength(1);
  world.log.trim(4);
  expect(world.contents()).toEqual([]);
});

test("L11 a trim inside a row keeps the content of all of it", () => {
  const world = new LogWorld();
  world.append(blob("a"), finish, finish);
  world.flush();
  world.append(finish);
  world.flush();
  world.log.trim(2);
  expect(world.all()).toEqual([blob("a"), finish, finish, finish]);
});

test("L11 content that something else needs for ever stays, whichever was stored first", () => {
  for (const isLogFirst of [true, false]) {
    const world = new LogWorld();
    const json = JSON.stringify(blob("a"));
    const digest = digestOf(json);
    const keep = () => world.log.content.put(json, Number.MAX_SAFE_INTEGER);
    if (!isLogFirst) keep();
    world.append(blob("a"));
    world.flush();
    if (isLogFirst) keep();
    world.append(finish);
    world.flush();
    world.log.trim(1);
    expect(world.log.content.get(digest)).toBe(json);
    expect(world.contents()).toHaveLength(1);
  }
});

test("content that is gone is an error, never an empty event", () => {
  const world = new LogWorld();
  expect(() => world.log.content.get("0".repeat(64))).toThrow("is missing from storage");
});
