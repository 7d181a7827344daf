import { expect, test } from "vitest";
import { MAX_LIVE_OBJECTS } from "../../src/auth/live-objects.ts";
import { DAY, SECOND, SessionWorld, tokenOf } from "./session-world.ts";

const room = (name: string) => ({ binding: "ROOM", name });

test("Q21 objects with sockets of a session are told once when it ends, and once more after five seconds", async () => {
  const world = new SessionWorld();
  const { id } = world.create("one");
  world.sessions.watch(tokenOf("one"), room("lobby"));
  world.sessions.watch(tokenOf("one"), room("lobby"));
  world.sessions.watch(tokenOf("one"), { binding: "CHAT", name: "lobby" });
  world.sessions.end(tokenOf("one"));
  await world.pass(SECOND);
  const told = [
    { binding: "CHAT", name: "lobby", userId: "ada", sessions: [id] },
    { binding: "ROOM", name: "lobby", userId: "ada", sessions: [id] },
  ];
  expect(world.closings).toEqual(told);
  await world.pass(4 * SECOND);
  expect(world.closings).toEqual([...told, ...told]);
  expect(world.count("auth_closing")).toBe(0);
});

test("Q21 all sessions of a user end with one call to each object", async () => {
  const world = new SessionWorld();
  const ids = ["a", "b"].map((name) => {
    const { id } = world.create(name);
    world.sessions.watch(tokenOf(name), room("lobby"));
    return id;
  });
  world.sessions.endAllOf("ada", false);
  await world.pass(SECOND);
  expect(world.closings).toHaveLength(1);
  expect(world.closings[0]?.sessions.toSorted()).toEqual(ids.toSorted());
});

test("Q21 an object that is not reached is told again until it is; the others are not", async () => {
  const world = new SessionWorld();
  world.create("one");
  world.sessions.watch(tokenOf("one"), room("near"));
  world.sessions.watch(tokenOf("one"), room("far"));
  world.unreachable.add("far");
  world.sessions.end(tokenOf("one"));
  await world.pass(60 * SECOND);
  expect(world.closings.filter(({ name }) => name === "near")).toHaveLength(2);
  expect(world.count("auth_closing")).toBe(1);
  world.unreachable.clear();
  await world.pass(120 * SECOND);
  expect(world.closings.filter(({ name }) => name === "far")).toHaveLength(1);
  expect(world.count("auth_closing")).toBe(0);
});

test("Q21 the oldest session that has to go, and a session that is rotated first, close their sockets too", async () => {
  const world = new SessionWorld({ maxPerUser: 1 });
  const { id } = world.create("one");
  world.sessions.watch(tokenOf("one"), room("lobby"));
  world.sessions.rotate(tokenOf("one"), tokenOf("two"));
  await world.pass(SECOND);
  expect(world.closings).toEqual([]);
  world.create("three");
  await world.pass(SECOND);
  expect(world.closings).toMatchObject([{ name: "lobby", sessions: [id] }]);
});

test("Q22 past 1,000 objects of a session the one that was told of first closes its sockets", async () => {
  const world = new SessionWorld();
  world.create("one");
  for (let n = 0; n < MAX_LIVE_OBJECTS; n += 1) {
    world.sessions.watch(tokenOf("one"), room(`room ${n}`));
    world.clock.advance(1);
  }
  expect(world.count("auth_closing")).toBe(0);
  world.sessions.watch(tokenOf("one"), room("one too many"));
  await world.pass(SECOND);
  expect(world.closings.map(({ name }) => name)).toEqual(["room 0"]);
  expect(world.count("auth_live")).toBe(MAX_LIVE_OBJECTS);
});

test("Q22 what is known of a session's objects goes with the session", async () => {
  const world = new SessionWorld();
  world.create("one", "ada", 60);
  world.sessions.watch(tokenOf("one"), room("lobby"));
  await world.pass(DAY);
  expect(world.count("auth_live")).toBe(0);
  expect(world.closings).toEqual([]);
});
