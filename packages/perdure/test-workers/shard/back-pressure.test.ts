import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { MAX_UNACKNOWLEDGED_BYTES } from "../../src/protocol/index.ts";
import type { ShardSocket } from "./shard-socket.ts";
import { follow, openShard } from "./shard-socket.ts";

const TITLE = "x".repeat(64 * 1024);

/** A commit whose frame has the title once for each of 16 subscriptions: a quarter of what may be under way, and a little. */
async function followTimes16(name: string) {
  const stub = env.BOARD.getByName(name);
  const socket = await openShard(stub);
  for (let id = 0; id < 16; id += 1) await follow(socket, name, id);
  return { stub, socket, commit: () => stub.importTasks([TITLE]) };
}

const unitsOf = ({ texts }: ShardSocket) => texts.reduce((sum, { length }) => sum + length, 0);

test("Z150 a client that does not acknowledge is closed when the window is full, and comes back with since", async () => {
  const { stub, socket, commit } = await followTimes16("slow");
  for (let count = 0; count < 4; count += 1) await commit();
  expect(await socket.until((one) => one.t === "commit" && one.position === 4)).toBeDefined();
  expect(unitsOf(socket)).toBeGreaterThan(MAX_UNACKNOWLEDGED_BYTES);
  await commit();
  expect(await socket.closed).toMatchObject({ code: 4430 });
  expect(unitsOf(socket)).toBeLessThan(MAX_UNACKNOWLEDGED_BYTES * 1.3);
  const again = await openShard(stub);
  expect(await follow(again, "slow", 1, 4)).toMatchObject({
    t: "missed",
    changes: [{ delta: { insert: [{ at: 4 }] } }],
  });
});

test("Z150 a client that acknowledges stays, over an eviction", async () => {
  const { stub, socket, commit } = await followTimes16("quick");
  let acknowledged = 0;
  for (let position = 1; position <= 12; position += 1) {
    await commit();
    await socket.until((one) => one.t === "commit" && one.position === position);
    socket.send({ t: "ack", units: unitsOf(socket) - acknowledged });
    acknowledged = unitsOf(socket);
    if (position === 6) await evictDurableObject(stub);
  }
  // What was acknowledged twice opens no larger window.
  socket.send({ t: "ack", units: 100 * MAX_UNACKNOWLEDGED_BYTES });
  for (let count = 0; count < 5; count += 1) await commit();
  expect(await socket.closed).toMatchObject({ code: 4430 });
});
