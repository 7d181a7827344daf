import type { Connection } from "../../src/object/index.ts";
import type { ConnectionServerFrame } from "../../src/protocol/index.ts";
import { openSocket, TestSocket } from "../../src/testing/index.ts";

/** The identity of a user's connection, as `connectionRoutes` makes it. */
export function connectionOf(
  userId: string,
  meta: { readonly clientId?: string; readonly channels?: readonly string[] } = {},
): Partial<Connection> {
  return {
    kind: "connection",
    subject: userId,
    meta: { userId, clientId: "tab", channels: ["default"], ...meta },
  };
}

/** Opens a socket on a user's object. */
export async function openUser(
  namespace: { getByName(name: string): Pick<Fetcher, "fetch"> },
  userId: string,
  meta?: Parameters<typeof connectionOf>[1],
): Promise<TestSocket<ConnectionServerFrame>> {
  const socket = await openSocket(namespace.getByName(userId), connectionOf(userId, meta));
  return new TestSocket<ConnectionServerFrame>(socket);
}

/** Sends an event. */
export function emit(
  socket: TestSocket<ConnectionServerFrame>,
  event: string,
  data?: unknown,
  n?: number,
): void {
  socket.send({ t: "event", event, data, n });
}

/** The data of the next event of this name. */
export async function nextEvent(
  socket: TestSocket<ConnectionServerFrame>,
  event: string,
): Promise<unknown> {
  const frame = await socket.until((one) => one.t === "event" && one.event === event);
  return frame.t === "event" ? frame.data : undefined;
}
