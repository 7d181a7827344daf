import { expect, test } from "vitest";
import { MessageIds } from "../../src/session/message-ids.ts";
import { NodeSql } from "../support/node-sql.ts";
import type { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

/** Messages `m1` to `m<count>`, at positions 10, 20 and so on, of which the newest `maxHeld` are held. */
function messages(count: number, maxHeld?: number) {
  const sql = new NodeSql();
  sql.script("CREATE TABLE messages (position INTEGER PRIMARY KEY, id TEXT NOT NULL)");
  const ids = new MessageIds(sql, maxHeld);
  const add = (id: string, position: number) => {
    sql.run("INSERT INTO messages (position, id) VALUES (?, ?)", position, id);
    ids.add(id, position);
  };
  for (let n = 1; n <= count; n += 1) add(`m${n}`, n * 10);
  const reads = (id: string) => {
    const before = sql.counts.read;
    const position = ids.find(id);
    return { position, read: sql.counts.read - before };
  };
  return { sql, ids, add, reads };
}

test("D13 after the first question an unknown id reads nothing, and a known one its place", () => {
  const { add, reads } = messages(1_000);
  expect(reads("nobody")).toEqual({ position: undefined, read: 1_000 });
  expect(reads("nobody")).toEqual({ position: undefined, read: 0 });
  expect(reads("m1")).toEqual({ position: 10, read: 1 });
  add("later", 20_000);
  expect(reads("later")).toEqual({ position: 20_000, read: 1 });
});

test("D13 of two messages with the same id the newer is found, whichever ended first", () => {
  const { add, reads } = messages(1);
  add("twice", 40);
  add("twice", 30);
  expect(reads("twice").position).toBe(40);
  const later = messages(1);
  later.reads("nobody");
  later.add("twice", 40);
  later.add("twice", 30);
  expect(later.reads("twice").position).toBe(40);
});

test("D13 messages before those that are held are found, too", () => {
  const { reads } = messages(100, 10);
  expect(reads("m3").position).toBe(30);
  expect(reads("m95")).toEqual({ position: 950, read: 1 });
  expect(reads("nobody").position).toBeUndefined();
});

test("D13 what a transaction has undone is not found, and what it would have hidden is", () => {
  const { sql, ids, reads } = messages(3);
  reads("nobody");
  ids.add("m2", 500);
  ids.add("undone", 510);
  expect(reads("m2").position).toBe(20);
  expect(reads("undone").position).toBeUndefined();
  sql.run("DELETE FROM messages WHERE position <= 20");
  ids.clear();
  expect([reads("m2").position, reads("m3").position]).toEqual([undefined, 30]);
});

test("D13 two ids of the same digest are told apart", () => {
  const [one, other] = ["mwm", "90ba"];
  const { add, reads } = messages(0);
  add(one, 10);
  reads("nobody");
  expect(reads(other).position).toBeUndefined();
  add(other, 20);
  expect([reads(one).position, reads(other).position]).toEqual([10, 20]);
});

const place = (world: SessionWorld, id: string) => world.session.history.find(id)?.position;

test("D13 a session finds messages by id as they end, after an eviction, and none that it forgot", async () => {
  const { world, runner } = await writingSession();
  expect(place(world, "m")).toBeUndefined();
  await runner.end("p");
  expect(place(world, "m")).toBe(6);
  world.evict();
  expect([place(world, "m"), place(world, "none")]).toEqual([6, undefined]);
  await world.prompt("q");
  world.retention = { messages: { count: 1 } };
  await world.command("c", { op: "cancel" });
  world.clock.advance(60 * 60 * 1000);
  await world.ring();
  expect([place(world, "m"), place(world, "q")]).toEqual([undefined, expect.any(Number)]);
});
