import { expect, test } from "vitest";
import { channelCodec } from "../../src/connection/codec.ts";
import { MAX_ROOM_META_BYTES, PerdureError } from "../../src/protocol/index.ts";
import { RoomWorld, settle } from "./room-world.ts";

test("B1 a user is one member, however many sockets it has in the room", async () => {
  const world = new RoomWorld();
  await world.join("ada", { color: "red" });
  await world.join("ada", { color: "red" });
  await world.join("bob");
  expect(world.room.page({})).toEqual([
    { userId: "ada", meta: { color: "red" }, joinedAt: world.clock.now() },
    { userId: "bob", meta: null, joinedAt: world.clock.now() },
  ]);
  expect(world.journal).toEqual(["join ada", "join bob"]);
});

test("B1 members, their metadata and the time at which they joined outlive the room's memory", async () => {
  const world = new RoomWorld();
  await world.join("ada", { color: "red" });
  const before = world.room.page({});
  world.clock.advance(1000);
  world.wake();
  expect(world.room.page({})).toEqual(before);
  expect(await world.say("hello")).toBe(1);
});

test("B2 joining again with other metadata replaces it, asks onJoin, and keeps the time of the first join", async () => {
  const world = new RoomWorld();
  await world.join("ada", { color: "red" });
  const joinedAt = world.clock.now();
  world.clock.advance(5);
  await world.room.join("ada", { color: "blue" });
  expect(world.room.page({})).toEqual([{ userId: "ada", meta: { color: "blue" }, joinedAt }]);
  expect(world.journal).toEqual(["join ada", "join ada"]);
});

test("B2 joining again with the same metadata writes nothing and asks nobody, whatever the order of its keys", async () => {
  const world = new RoomWorld();
  await world.room.join("ada", { a: 1, b: 2 });
  const { written } = world.sql.counts;
  await world.room.join("ada", { b: 2, a: 1 });
  expect(world.sql.counts.written).toBe(written);
  expect(world.journal).toEqual(["join ada"]);
});

test("B3 what onJoin throws refuses the join, with its code, and nothing is left of it", async () => {
  const world = new RoomWorld();
  world.onJoin = () => {
    throw new PerdureError("forbidden", "Members only.");
  };
  const socket = world.user("ada").open();
  await expect(world.user("ada").memberships.join(socket, "lobby")).rejects.toMatchObject({
    code: "forbidden",
    message: "Members only.",
  });
  expect(world.user("ada").memberships.roomsOf(socket)).toEqual([]);
  expect(world.rows).toBe(0);
});

test("B3 metadata that onJoin refuses leaves the member as it was", async () => {
  const world = new RoomWorld();
  const socket = await world.join("ada", { name: "Ada" });
  world.onJoin = () => {
    throw new PerdureError("forbidden", "Not your name.");
  };
  const { memberships } = world.user("ada");
  await expect(memberships.join(socket, "lobby", { name: "Bob" })).rejects.toThrow(
    "Not your name.",
  );
  expect(world.room.page({})[0]?.meta).toEqual({ name: "Ada" });
  expect(memberships.roomsOf(socket)).toEqual(["lobby"]);
  world.onJoin = () => {};
  await memberships.join(socket, "lobby", { name: "Bob" });
  expect(world.room.page({})[0]?.meta).toEqual({ name: "Bob" });
});

test("B4 a room has at most so many members, even where several are asked about at once", async () => {
  const world = new RoomWorld({ maxMembers: 2 });
  world.onJoin = () => settle();
  const joins = ["ada", "bob", "cem"].map((userId) => world.room.join(userId, null));
  const [, , third] = await Promise.allSettled(joins);
  expect(third).toMatchObject({ status: "rejected", reason: { code: "room_full" } });
  await expect(world.room.join("dan", null)).rejects.toMatchObject({ code: "room_full" });
  await world.room.leave("ada");
  await world.room.join("dan", null);
  expect(world.names).toEqual(["bob", "dan"]);
});

test.each([
  ["too_large", { text: "é".repeat(MAX_ROOM_META_BYTES / 2) }],
  ["bad_request", ["a list"]],
])("B4 metadata is an object of at most 4 KiB: %s", async (code, meta) => {
  const world = new RoomWorld();
  await expect(world.room.join("ada", meta)).rejects.toMatchObject({ code });
  expect(world.rows).toBe(0);
});

test("B5 members come in pages, in the order of their ids, also after one who has left", async () => {
  const world = new RoomWorld();
  for (const userId of ["cem", "ada", "eva", "bob"]) await world.room.join(userId, null);
  const page = world.room.page({ limit: 2 });
  expect(page.map(({ userId }) => userId)).toEqual(["ada", "bob"]);
  await world.room.leave("bob");
  const next = world.room.page({ limit: 2, after: "bob" });
  expect(next.map(({ userId }) => userId)).toEqual(["cem", "eva"]);
});

test("B6 a leave ends the membership and calls onLeave once", async () => {
  const world = new RoomWorld();
  const socket = await world.join("ada");
  await world.user("ada").memberships.leave(socket, "lobby");
  await world.room.leave("ada");
  expect(world.journal).toEqual(["join ada", "leave ada left"]);
});

test("B6 what onLeave throws is told to the log, and the membership is over", async () => {
  const world = new RoomWorld({
    onLeave: () => {
      throw new Error("no");
    },
  });
  await world.join("ada");
  await world.room.leave("ada");
  expect(world.names).toEqual([]);
  expect(world.journal).toEqual(["join ada", "fault Error: no"]);
});

test("B6 a leave waits for the join before it", async () => {
  const world = new RoomWorld();
  const asked = Promise.withResolvers<void>();
  world.onJoin = () => asked.promise;
  const join = world.room.join("ada", null);
  const leave = world.room.leave("ada");
  asked.resolve();
  await Promise.all([join, leave]);
  expect(world.names).toEqual([]);
});

test("B7 a member who is put out hears of it, keeps its sockets, and may join again", async () => {
  const world = new RoomWorld({ presenceLimit: 500 });
  const ada = await world.join("ada");
  const bob = await world.join("bob");
  await settle();
  ada.events();
  bob.events();
  await world.room.kick("bob");
  await settle();
  expect(bob.events()).toEqual([["perdure:leave", { userId: "bob" }]]);
  expect(ada.events()).toEqual([["perdure:leave", { userId: "bob" }]]);
  expect(world.user("bob").memberships.roomsOf(bob)).toEqual([]);
  expect(world.journal.at(-1)).toBe("leave bob kicked");
  await world.user("bob").memberships.join(bob, "lobby");
  expect(world.names).toEqual(["ada", "bob"]);
});

test("B7 a member who is put out is told before its sockets leave the room", async () => {
  const world = new RoomWorld({ presenceLimit: 500 });
  const ada = await world.join("ada");
  await settle();
  const told = Promise.withResolvers<void>();
  world.user("ada").holdNext = told.promise;
  const kicked = world.room.kick("ada");
  await settle();
  told.resolve();
  await kicked;
  expect(ada.events().at(-1)).toEqual(["perdure:leave", { userId: "ada" }]);
});

test("B7 a member whose object cannot be reached is not put out, and the caller hears of it", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  world.user("ada").isDown = true;
  await expect(world.room.kick("ada")).rejects.toThrow("cannot be reached");
  expect(world.names).toEqual(["ada"]);
});

test("B8 a room that nobody is in has no rows and no timer", async () => {
  const world = new RoomWorld({ presenceLimit: 1 });
  const sockets = [await world.join("ada"), await world.join("bob")];
  expect(world.rows).toBe(4);
  for (const [index, socket] of sockets.entries())
    await world.user(index === 0 ? "ada" : "bob").close(socket);
  expect(world.rows).toBe(0);
});

test("B20 the room writes its own events as its connections do", async () => {
  const world = new RoomWorld({ presenceLimit: 500, codec: channelCodec });
  const ada = await world.join("ada");
  await world.room.emit("said", { text: "hello" });
  const [members, said] = ada.texts.map((text) => JSON.parse(text) as unknown);
  expect(members).toMatchObject({ channel: "lobby", data: { type: "perdure:members" } });
  expect(said).toEqual({ type: "event", channel: "lobby", data: { type: "said", text: "hello" } });
});
