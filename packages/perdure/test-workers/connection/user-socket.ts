import { env } from "cloudflare:workers";
import type { Connection } from "../../src/object/index.ts";
import type { ConnectionServerFrame } from "../../src/protocol/index.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/index.ts";
import { openSocket, TestSocket } from "../../src/testing/index.ts";

/** A socket of a connection. */
export type UserSocket = TestSocket<ConnectionServerFrame>;

/** What a test says of a socket's meta. */
interface SomeMeta {
  readonly clientId?: string;
  readonly channels?: readonly string[];
}

/** The identity of a user's connection, as `connectionRoutes` makes it. */
export function connectionOf(userId: string, meta: SomeMeta = {}): Partial<Connection> {
  return {
    kind: "connection",
    subject: userId,
    meta: { userId, clientId: "tab", channels: ["default"], ...meta },
  };
}

/** Opens a socket on a user's object. */
export async function openUser(
  userId: string,
  meta?: SomeMeta,
  namespace: { getByName(name: string): Pick<Fetcher, "fetch"> } = env.USER,
): Promise<UserSocket> {
  const socket = await openSocket(namespace.getByName(userId), connectionOf(userId, meta));
  return new TestSocket<ConnectionServerFrame>(socket);
}

/** Sends an event. */
export function emit(socket: UserSocket, event: string, data?: unknown, n?: number): void {
  socket.send({ t: "event", event, data, n });
}

/** Says hello, and takes the welcome. */
export async function greet(
  socket: UserSocket,
  client: string,
  resume?: { readonly socket: string; readonly received: number },
) {
  socket.send({ t: "hello", v: PROTOCOL_VERSION, client, resume });
  return socket.next("welcome");
}

/** The data of the next event of this name. */
export async function nextEvent(socket: UserSocket, event: string): Promise<unknown> {
  const frame = await socket.until((one) => one.t === "event" && one.event === event);
  return frame.t === "event" ? frame.data : undefined;
}

/** The events that have arrived and nobody has taken, by name. */
export function eventsOf(socket: UserSocket): readonly string[] {
  return socket.frames.flatMap((frame) => (frame.t === "event" ? [frame.event] : []));
}
