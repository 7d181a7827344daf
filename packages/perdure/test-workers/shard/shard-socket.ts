import type { Connection } from "../../src/object/index.ts";
import type { ShardServerFrame } from "../../src/protocol/index.ts";
import type { ShardSocketMeta } from "../../src/shard/index.ts";
import { openSocket, TestSocket } from "../../src/testing/index.ts";

/** A socket of a shard. */
export type ShardSocket = TestSocket<ShardServerFrame>;

/** Opens a socket on a shard's object, as `shardRoutes` does. */
export async function openShard(
  stub: Pick<Fetcher, "fetch">,
  meta: ShardSocketMeta = { identity: null },
  change: Partial<Connection> = {},
): Promise<ShardSocket> {
  const socket = await openSocket(stub, { kind: "shard", meta, ...change });
  return new TestSocket<ShardServerFrame>(socket);
}

/** Follows the tasks of a board; answers the frame that begins it. */
export async function follow(socket: ShardSocket, board: string, id = 1, since?: number) {
  socket.send({ t: "subscribe", id, functionPath: "tasks", args: { board }, since });
  const frame = await socket.until(
    (one) => ["seed", "reset", "missed", "refused"].includes(one.t) && "id" in one && one.id === id,
  );
  return frame;
}
