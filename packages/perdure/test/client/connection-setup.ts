/** Clients of connections in simulated time, with an object in memory that numbers what it gets as the real one does. */

import { afterEach } from "vitest";
import type { ConnectionClientOptions } from "../../src/client/index.ts";
import { ConnectionClient } from "../../src/client/index.ts";
import type {
  ClientEventFrame,
  ConnectionClientFrame,
  ConnectionServerFrame,
  Contract,
  Problem,
} from "../../src/protocol/index.ts";
import { encodeConnectionFrame, parseConnectionClientFrame } from "../../src/protocol/index.ts";
import { settle } from "./client-setup.ts";
import type { FakeConnection } from "./fake-server.ts";
import { FakeServer } from "./fake-server.ts";

const clients: { close(): void }[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

export function connectionOf<C extends Contract | undefined = undefined>(
  server: FakeServer,
  options: ConnectionClientOptions<C> = {},
): ConnectionClient<C> {
  const client = new ConnectionClient<C>({
    url: "wss://example.com/ws",
    WebSocket: server.WebSocket,
    random: () => 1,
    clientId: "c1",
    ...options,
  });
  clients.push(client);
  return client;
}

/** Frames that came on a connection. */
export function framesOn(connection: FakeConnection): ConnectionClientFrame[] {
  return connection.sent.map((frame) =>
    parseConnectionClientFrame(typeof frame === "string" ? frame : new Uint8Array(frame).buffer),
  );
}

export function eventsOn(connection: FakeConnection): ClientEventFrame[] {
  return framesOn(connection).filter((frame) => frame.t === "event");
}

/** The numbers of the events that came on a connection. */
export const numbersOn = (connection: FakeConnection) => eventsOn(connection).map(({ n }) => n);

export function push(connection: FakeConnection, frame: ConnectionServerFrame): void {
  const wire = encodeConnectionFrame(frame);
  connection.deliver(typeof wire === "string" ? wire : wire.buffer);
}

export function welcome(
  connection: FakeConnection,
  change: Partial<Extract<ConnectionServerFrame, { t: "welcome" }>> = {},
): void {
  push(connection, {
    t: "welcome",
    v: 1,
    i: "i1",
    socket: "s1",
    recovered: true,
    last: 0,
    ...change,
  });
}

export function acknowledge(connection: FakeConnection, n: number, error?: Problem): void {
  push(connection, { t: "ack", n, ...(error === undefined ? {} : { error }) });
}

/** A client that has its welcome. */
export async function liveConnection<C extends Contract | undefined = undefined>(
  options: ConnectionClientOptions<C> = {},
): Promise<{ readonly server: FakeServer; readonly client: ConnectionClient<C> }> {
  const server = new FakeServer();
  const client = connectionOf(server, options);
  client.connect();
  await settle();
  welcome(server.connection);
  return { server, client };
}

/** What becomes of a promise, as it is known so far. */
export function outcomeOf(promise: Promise<unknown>): { readonly value: unknown } {
  const outcome: { value: unknown } = { value: "waits" };
  promise.then(
    (value) => (outcome.value = value),
    (error: unknown) => (outcome.value = error),
  );
  return outcome;
}
