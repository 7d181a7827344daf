import { expect, test } from "vitest";
import { RoomWorld } from "./room-world.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test("B30 members whose sockets are gone without a word are found by a timer", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  await world.user("bob").close(await world.join("bob"), false);
  expect(world.names).toEqual(["ada", "bob"]);
  await world.look();
  expect(world.names).toEqual(["ada"]);
  expect(world.journal.at(-1)).toBe("leave bob gone");
});

test("B30 they are found by a room whose memory is new", async () => {
  const world = new RoomWorld();
  await world.user("bob").close(await world.join("bob"), false);
  world.wake();
  await world.look();
  expect(world.rows).toBe(0);
});

test("B31 the first look is after 10 minutes; each that finds nothing doubles the time, up to a day", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  const waits: number[] = [];
  for (let looks = 0; looks < 10; looks += 1) {
    waits.push((world.nextLook ?? 0) / MINUTE);
    await world.look();
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]);
});

test("B31 a look that finds somebody makes the next one near again, and so does a join", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  const bob = await world.join("bob");
  for (let looks = 0; looks < 8; looks += 1) await world.look();
  expect(world.nextLook).toBe(DAY);
  await world.join("cem");
  expect(world.nextLook).toBe(10 * MINUTE);
  await world.look();
  await world.user("bob").close(bob, false);
  await world.look();
  expect(world.nextLook).toBe(10 * MINUTE);
});

test("B31 of many joins only the first writes the timer", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  const due = world.nextLook;
  await world.join("bob");
  const { written } = world.sql.counts;
  await world.join("cem");
  expect(world.sql.counts.written - written).toBe(1);
  expect(world.nextLook).toBe(due);
});

test("B32 a large room is asked in batches of 200, each with a ring of its own", async () => {
  const world = new RoomWorld();
  for (let n = 0; n < 450; n += 1) {
    const socket = await world.join(`user-${String(n).padStart(3, "0")}`);
    if (n % 2 === 1) await world.user(`user-${String(n).padStart(3, "0")}`).close(socket, false);
  }
  await world.look();
  expect(world.names).toHaveLength(350);
  expect(world.nextLook).toBeLessThanOrEqual(1);
  await world.look();
  await world.look();
  expect(world.names).toHaveLength(225);
  expect(world.nextLook).toBe(10 * MINUTE);
});

test("B32 a member whose object does not answer stays one", async () => {
  const world = new RoomWorld();
  await world.join("ada");
  world.user("ada").isDown = true;
  await world.look();
  expect(world.names).toEqual(["ada"]);
  expect(world.nextLook).toBe(20 * MINUTE);
});

test("B8 the last member to be found gone ends the timer", async () => {
  const world = new RoomWorld();
  await world.user("ada").close(await world.join("ada"), false);
  await world.look();
  expect(world.nextLook).toBeUndefined();
  expect(world.rows).toBe(0);
});
