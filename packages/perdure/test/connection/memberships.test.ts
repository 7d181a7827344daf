import { expect, test } from "vitest";
import { MAX_ROOMS_PER_SOCKET, PerdureError } from "../../src/protocol/index.ts";
import { RoomWorld } from "./room-world.ts";

test("B40 the room is asked for the user's first socket, and when metadata differs", async () => {
  const world = new RoomWorld();
  const asked: unknown[] = [];
  const join = world.room.join.bind(world.room);
  world.room.join = (userId, meta) => {
    asked.push(meta);
    return join(userId, meta);
  };
  await world.join("ada", { color: "red" });
  await world.join("ada", { color: "red" });
  await world.join("ada");
  await world.join("ada", { color: "blue" });
  await world.join("ada", null);
  expect(asked).toEqual([{ color: "red" }, { color: "blue" }, null]);
});

test("B41 the membership ends with the user's last socket in the room", async () => {
  const world = new RoomWorld();
  const first = await world.join("ada");
  const second = await world.join("ada");
  await world.user("ada").close(first);
  expect(world.names).toEqual(["ada"]);
  await world.user("ada").memberships.leave(second, "lobby");
  expect(world.names).toEqual([]);
  expect(world.user("ada").memberships.roomsOf(second)).toEqual([]);
});

test("B42 a leave that does not reach the room is tried again by a timer", async () => {
  const world = new RoomWorld();
  const socket = await world.join("ada");
  const ada = world.user("ada");
  world.isRoomDown = true;
  await ada.close(socket);
  const ring = () =>
    ada.timers.ring(
      async ({ name, payload }) => void (await ada.memberships.onTimer(name, payload)),
    );
  world.clock.advance(2_000);
  await ring();
  expect(world.names).toEqual(["ada"]);
  world.isRoomDown = false;
  world.clock.advance(2_000);
  await ring();
  expect(world.names).toEqual([]);
  expect(ada.timers.nextDueAt()).toBeUndefined();
});

test("B42 a leave that is tried again does not end what a later join began", async () => {
  const world = new RoomWorld();
  const socket = await world.join("ada");
  const ada = world.user("ada");
  world.isRoomDown = true;
  await ada.memberships.leave(socket, "lobby");
  world.isRoomDown = false;
  await ada.memberships.join(socket, "lobby");
  world.clock.advance(2_000);
  await ada.timers.ring(
    async ({ name, payload }) => void (await ada.memberships.onTimer(name, payload)),
  );
  expect(world.names).toEqual(["ada"]);
});

test("B43 a join whose answer was lost leaves no mark, and the room finds out", async () => {
  const world = new RoomWorld();
  const socket = world.user("ada").open();
  const join = world.room.join.bind(world.room);
  world.room.join = async (userId, meta) => {
    await join(userId, meta);
    throw new Error("The answer was lost.");
  };
  await expect(world.user("ada").memberships.join(socket, "lobby")).rejects.toThrow("lost");
  expect(world.names).toEqual(["ada"]);
  expect(await world.say("hello")).toBe(0);
  expect(world.names).toEqual([]);
});

test("B43 a socket that closes while it joins is no member afterwards", async () => {
  const world = new RoomWorld();
  const ada = world.user("ada");
  const socket = ada.open();
  const asked = Promise.withResolvers<void>();
  world.onJoin = () => asked.promise;
  const join = ada.memberships.join(socket, "lobby");
  const closed = ada.close(socket);
  asked.resolve();
  await Promise.all([join.catch(() => {}), closed]);
  expect(world.names).toEqual([]);
});

test("B43 a user who is put out while it joins with other metadata is in the room on both sides", async () => {
  const world = new RoomWorld();
  const socket = await world.join("ada");
  const ada = world.user("ada");
  const kicked = world.room.kick("ada");
  await ada.memberships.join(socket, "lobby", { color: "red" });
  await kicked;
  expect(world.names).toEqual(["ada"]);
  expect(ada.memberships.roomsOf(socket)).toEqual(["lobby"]);
});

test("B44 a socket is in at most 64 rooms", async () => {
  const world = new RoomWorld();
  const { memberships } = world.user("ada");
  const socket = world.user("ada").open();
  for (let n = 0; n < MAX_ROOMS_PER_SOCKET; n += 1) await memberships.join(socket, `room-${n}`);
  await expect(memberships.join(socket, "one more")).rejects.toMatchObject({ code: "too_large" });
  await memberships.leave(socket, "room-0");
  await memberships.join(socket, "one more");
  expect(memberships.roomsOf(socket)).toHaveLength(MAX_ROOMS_PER_SOCKET);
});

test.each(["", "x".repeat(129)])("B44 a room's name has 1 to 128 characters", async (room) => {
  const { memberships } = new RoomWorld().user("ada");
  const socket = new RoomWorld().user("ada").open();
  await expect(memberships.join(socket, room)).rejects.toMatchObject({ code: "bad_request" });
});

test("B44 a room may be called what objects have anyway", async () => {
  const world = new RoomWorld();
  const { memberships } = world.user("ada");
  const socket = world.user("ada").open();
  for (const room of ["constructor", "toString", "__proto__"]) {
    expect(memberships.isIn(room)).toBe(false);
    await memberships.join(socket, room);
    expect(memberships.isIn(room)).toBe(true);
  }
});

test("B40 what else is kept with a socket stays", async () => {
  const world = new RoomWorld();
  const socket = world.user("ada").open();
  socket.attach({ kept: { client: "c" } });
  await world.user("ada").memberships.join(socket, "lobby");
  await world.user("ada").memberships.leave(socket, "lobby");
  expect(socket.attachment.kept).toEqual({ client: "c", rooms: {} });
});

test("a refusal is a PerdureError on both sides", async () => {
  const world = new RoomWorld();
  world.onJoin = () => {
    throw new PerdureError("forbidden", "No.");
  };
  await expect(world.join("ada")).rejects.toBeInstanceOf(PerdureError);
});
