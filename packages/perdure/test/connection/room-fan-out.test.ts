import { expect, test } from "vitest";
import { MAX_ROOM_BACKLOG_BYTES, MAX_ROOM_FRAME_BYTES } from "../../src/protocol/index.ts";
import { RoomWorld, settle } from "./room-world.ts";

test("B10 an event goes to every socket in the room, and its sender learns to how many", async () => {
  const world = new RoomWorld();
  const sockets = [await world.join("ada"), await world.join("ada"), await world.join("bob")];
  world.user("bob").open();
  expect(await world.say("hello")).toBe(3);
  expect(sockets.map((socket) => socket.said())).toEqual([["hello"], ["hello"], ["hello"]]);
});

test("B10 the sending socket is left out, and the sender's other sockets are not", async () => {
  const world = new RoomWorld();
  const first = await world.join("ada");
  const second = await world.join("ada");
  const count = await world.say("hello", { userId: "ada", except: first.attachment.id });
  expect(count).toBe(1);
  expect([first.said(), second.said()]).toEqual([[], ["hello"]]);
});

test("B11 events that wait go together in the next call, in order, and each has its own count", async () => {
  const world = new RoomWorld();
  const ada = await world.join("ada");
  const held = Promise.withResolvers<void>();
  world.user("ada").hold = held.promise;
  const counts = [1, 2, 3, 4].map((n) =>
    world.say(n, n === 3 ? { userId: "ada", except: ada.attachment.id } : undefined),
  );
  held.resolve();
  expect(await Promise.all(counts)).toEqual([1, 1, 0, 1]);
  expect(world.user("ada").calls).toEqual([1, 3]);
  expect(ada.said()).toEqual([1, 2, 4]);
});

test("B11 a call carries at most 256 events", async () => {
  const world = new RoomWorld();
  const ada = await world.join("ada");
  await Promise.all(Array.from({ length: 600 }, (_, n) => world.say(n)));
  expect(world.user("ada").calls).toEqual([1, 256, 256, 87]);
  expect(ada.said()).toEqual(Array.from({ length: 600 }, (_, n) => n));
});

test("B11 whoever joins gets what the room takes from then on, and whoever has left gets no more", async () => {
  const world = new RoomWorld();
  const ada = await world.join("ada");
  const held = Promise.withResolvers<void>();
  world.user("ada").hold = held.promise;
  world.user("bob").hold = held.promise;
  const early = world.say("early");
  const bob = await world.join("bob");
  const late = world.say("late");
  await world.room.leave("ada");
  const last = world.say("last");
  held.resolve();
  expect(await Promise.all([early, late, last])).toEqual([1, 2, 1]);
  expect(ada.said()).toEqual(["early", "late"]);
  expect(bob.said()).toEqual(["late", "last"]);
});

test("B12 at most 32 members are called at once", async () => {
  const world = new RoomWorld();
  const held = Promise.withResolvers<void>();
  for (let n = 0; n < 100; n += 1) {
    await world.join(`user-${n}`);
    world.user(`user-${n}`).hold = held.promise;
  }
  const said = world.say("hello");
  await settle();
  const called = [...world.users.values()].filter(({ calls }) => calls.length > 0);
  expect(called).toHaveLength(32);
  held.resolve();
  expect(await said).toBe(100);
});

test("B12 a member who has more to get waits for those who have had no call yet", async () => {
  const world = new RoomWorld();
  const held = Promise.withResolvers<void>();
  for (let n = 0; n < 33; n += 1) {
    await world.join(`user-${n}`);
    world.user(`user-${n}`).hold = held.promise;
  }
  const last = Promise.withResolvers<void>();
  world.user("user-32").hold = last.promise;
  const said = [world.say(1), world.say(2)];
  await settle();
  world.user("user-0").hold = last.promise;
  held.resolve();
  await settle();
  expect(world.user("user-32").calls).toEqual([2]);
  last.resolve();
  expect(await Promise.all(said)).toEqual([33, 33]);
});

test("B12 the room makes at most 500 calls before it has called itself", async () => {
  const world = new RoomWorld();
  for (let n = 0; n < 1200; n += 1) await world.join(`user-${n}`);
  const held = Promise.withResolvers<void>();
  world.holdRenewal = held.promise;
  const said = world.say("hello");
  for (let turn = 0; turn < 20; turn += 1) await settle();
  const called = [...world.users.values()].filter(({ calls }) => calls.length > 0);
  expect([called.length, world.renewals]).toEqual([500, 1]);
  held.resolve();
  expect(await said).toBe(1200);
  expect(world.renewals).toBeLessThanOrEqual(5);
  expect(world.clock.waiting).toBe(0);
});

test("B12 a room that cannot call itself goes on after 5 s", async () => {
  const world = new RoomWorld();
  for (let n = 0; n < 600; n += 1) await world.join(`user-${n}`);
  world.holdRenewal = new Promise(() => {});
  const said = world.say("hello");
  for (let turn = 0; turn < 20; turn += 1) await settle();
  world.clock.advance(5_000);
  expect(await said).toBe(600);
});

test("B13 a member who does not answer counts as not reached after 5 s, holds up nobody, and leaves no timer", async () => {
  const world = new RoomWorld();
  const ada = await world.join("ada");
  const bob = await world.join("bob");
  const held = Promise.withResolvers<void>();
  world.user("ada").hold = held.promise;
  const first = world.say(1);
  await settle();
  expect(bob.said()).toEqual([1]);
  const second = world.say(2);
  await settle();
  expect(bob.said()).toEqual([2]);
  world.clock.advance(5_000);
  await settle();
  expect(await first).toBe(1);
  held.resolve();
  expect(await second).toBe(2);
  expect(ada.said()).toEqual([1, 2]);
  expect(world.clock.waiting).toBe(0);
});

test("B13 a member whose object fails counts as not reached, and stays a member", async () => {
  const world = new RoomWorld();
  const ada = await world.join("ada");
  await world.join("bob");
  world.user("ada").holdNext = Promise.reject(new Error("It cannot be reached."));
  expect(await Promise.all([world.say(1), world.say(2)])).toEqual([1, 2]);
  expect(ada.said()).toEqual([2]);
  // A stub that has failed may be of no more use.
  expect([world.user("ada").stubs, world.user("bob").stubs]).toEqual([2, 1]);
});

test("B14 a member without an open socket in the room is one no more", async () => {
  const world = new RoomWorld();
  const ada = await world.join("ada");
  await world.join("bob");
  await world.user("ada").close(ada, false);
  expect(await world.say("hello")).toBe(1);
  expect(world.names).toEqual(["bob"]);
  expect(world.journal.at(-1)).toBe("leave ada gone");
});

test.each([
  ["the same", null],
  ["other", { color: "red" }],
])(
  "B14 who joins again with %s metadata, while the room has yet to hear of its last socket's end, stays a member",
  async (_, meta) => {
    const world = new RoomWorld();
    const ada = world.user("ada");
    await ada.close(await world.join("ada"), false);
    // The answer is "no socket"; before the room hears that, the user has joined with a new one.
    const held = Promise.withResolvers<void>();
    ada.holdAnswer = held.promise;
    const said = world.say("hello");
    await settle();
    await world.join("ada", meta);
    held.resolve();
    expect(await said).toBe(0);
    expect(world.names).toEqual(["ada"]);
    expect(world.journal).not.toContain("leave ada gone");
  },
);

test("B15 an event past the limit of size is refused, and so is any while too much is under way", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  const large = "x".repeat(MAX_ROOM_FRAME_BYTES - 100);
  await expect(world.say(`${large}${large}`)).rejects.toMatchObject({ code: "too_large" });
  const held = Promise.withResolvers<void>();
  world.user("ada").hold = held.promise;
  const said = Array.from({ length: MAX_ROOM_BACKLOG_BYTES / MAX_ROOM_FRAME_BYTES + 1 }, () =>
    world.say(large),
  );
  await expect(world.say("one more")).rejects.toMatchObject({ code: "rate_limited" });
  held.resolve();
  await Promise.all(said);
  expect(await world.say("again")).toBe(1);
});

test("B15 a million deliveries under way are too much, however small", async () => {
  const world = new RoomWorld();
  const held = Promise.withResolvers<void>();
  for (let n = 0; n < 2_000; n += 1) {
    await world.room.join(`user-${n}`, null);
    world.user(`user-${n}`).hold = held.promise;
  }
  const said = Array.from({ length: 500 }, () => world.say(""));
  await expect(world.say("one more")).rejects.toMatchObject({ code: "rate_limited" });
  held.resolve();
  await Promise.all(said);
  expect(await world.say("again")).toBe(0);
});
