/** Clients in simulated time, with a server in memory. */

import { afterEach, beforeEach, vi } from "vitest";
import type { OutboxStore, SessionClientOptions } from "../../src/client/index.ts";
import { SessionClient } from "../../src/client/index.ts";
import { FakeServer } from "./fake-server.ts";
import { created, events, live, welcome } from "./frames.ts";

export const START = Date.UTC(2026, 0, 1);

const clients: SessionClient[] = [];

/** Every test of the file runs in simulated time; afterwards its clients are closed and its page is gone. */
export function useSimulatedTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
}

/** Lets a time pass, and all that follows from it happen. */
export const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/** Lets what is due now happen: a first attempt to connect has no delay. */
export const settle = () => pass(1);

export function clientOf(
  server: FakeServer,
  options: Partial<SessionClientOptions> = {},
): SessionClient {
  const client = new SessionClient({
    url: "http://127.0.0.1:8787",
    session: "s",
    after: 0,
    WebSocket: server.WebSocket,
    random: () => 1,
    ...options,
  });
  clients.push(client);
  return client;
}

/** Welcomes the newest connection to a session of one event. */
export function goLive(server: FakeServer): void {
  const { connection } = server;
  connection.push(welcome(1));
  connection.push(events(1, [created], 1));
  connection.push(live(1));
}

/** A client that is live. */
export async function liveClient(
  options: Partial<SessionClientOptions> = {},
): Promise<{ readonly server: FakeServer; readonly client: SessionClient }> {
  const server = new FakeServer();
  const client = clientOf(server, options);
  client.connect();
  await settle();
  goLive(server);
  return { server, client };
}

/** A store that outlives its clients, as a page's storage outlives the page. */
export function sharedStore(): OutboxStore & { readonly ids: () => string[] } {
  const entries = new Map<string, Parameters<OutboxStore["put"]>[0]>();
  return {
    load: () => [...entries.values()],
    put: (entry) => void entries.set(entry.id, entry),
    remove: (id) => void entries.delete(id),
    ids: () => [...entries.keys()],
  };
}
