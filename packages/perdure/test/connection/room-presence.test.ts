import { expect, test } from "vitest";
import { RoomWorld, settle } from "./room-world.ts";

/** What a member looks like in an event. */
const member = (world: RoomWorld, userId: string, meta: object | null = null) => ({
  userId,
  meta,
  joinedAt: world.clock.now(),
});

test("B20 whoever joins gets the list, itself in it, and all others hear of it, in order", async () => {
  const world = new RoomWorld({ presenceLimit: 500 });
  const ada = await world.join("ada");
  const bob = await world.join("bob", { color: "red" });
  await settle();
  const listed = [member(world, "ada"), member(world, "bob", { color: "red" })];
  expect(ada.events()).toEqual([
    ["perdure:members", { members: [member(world, "ada")] }],
    ["perdure:join", member(world, "bob", { color: "red" })],
  ]);
  expect(bob.events()).toEqual([["perdure:members", { members: listed }]]);
});

test("B20 other metadata is told as a join, and leaving as a leave", async () => {
  const world = new RoomWorld({ presenceLimit: 500 });
  const ada = await world.join("ada");
  const bob = await world.join("bob");
  await settle();
  ada.events();
  await world.user("bob").memberships.join(bob, "lobby", { color: "blue" });
  await world.user("bob").close(bob);
  await settle();
  expect(ada.events()).toEqual([
    ["perdure:join", member(world, "bob", { color: "blue" })],
    ["perdure:leave", { userId: "bob" }],
  ]);
});

test("B20 a room without presence tells nobody anything", async () => {
  const world = new RoomWorld({ presenceLimit: 0 });
  const ada = await world.join("ada");
  await world.user("bob").close(await world.join("bob"));
  await settle();
  expect(ada.events()).toEqual([]);
});

test("B21 past the limit all are told once that they are told no more, and each joiner too", async () => {
  const world = new RoomWorld({ presenceLimit: 2 });
  const ada = await world.join("ada");
  await world.join("bob");
  await settle();
  ada.events();
  const cem = await world.join("cem");
  const dan = await world.join("dan");
  await world.room.leave("dan");
  await settle();
  expect(ada.events()).toEqual([["perdure:members", { members: null }]]);
  expect(cem.events()).toEqual([["perdure:members", { members: null }]]);
  expect(dan.events()).toEqual([["perdure:members", { members: null }]]);
});

test("B21 a quiet room stays so over an eviction, until half of the limit is left: then all get the list", async () => {
  const world = new RoomWorld({ presenceLimit: 4 });
  const ada = await world.join("ada");
  for (const userId of ["bob", "cem", "dan", "eva"]) await world.join(userId);
  await settle();
  ada.events();
  world.wake();
  await world.room.leave("eva");
  await world.room.leave("dan");
  await settle();
  expect(ada.events()).toEqual([]);
  await world.room.leave("cem");
  await settle();
  const members = [member(world, "ada"), member(world, "bob")];
  expect(ada.events()).toEqual([["perdure:members", { members }]]);
  await world.join("fay");
  await settle();
  expect(ada.events()).toEqual([["perdure:join", member(world, "fay")]]);
});

test("B21 in a large room n joins are told n times, not n²", async () => {
  const world = new RoomWorld({ presenceLimit: 10 });
  for (let n = 0; n < 10; n += 1) await world.join(`first-${n}`);
  await settle();
  const calls = () => [...world.users.values()].reduce((sum, user) => sum + user.calls.length, 0);
  const before = calls();
  for (let n = 0; n < 100; n += 1) {
    await world.join(`then-${n}`);
    await settle();
  }
  // All are told once that it is quiet (11), and each of the other 99 when it joins.
  expect(calls() - before).toBe(110);
});
