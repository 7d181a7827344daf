/** Stores in simulated time, with a server in memory: sockets as in the client's tests, and requests. */

import { beforeEach, vi } from "vitest";
import type { PlacedMessage, ServerFrame } from "../../src/protocol/index.ts";
import type { SessionOptions } from "../../src/react/session.ts";
import { SessionStore } from "../../src/react/session-store.ts";
import { settle, useSimulatedTime } from "../client/client-setup.ts";
import { FakeServer } from "../client/fake-server.ts";
import { created, events, live, snapshotAt, welcome } from "../client/frames.ts";

export const URL = "http://127.0.0.1:8787";

/** A request that a page made. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Answers requests as a test says; `answer` may be set anew at any time. */
export class FakeHttp {
  readonly requests: SentRequest[] = [];
  answer: () => Response | Promise<Response> = () => Response.json({}, { status: 201 });

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    this.requests.push({
      url,
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
    });
    return this.answer();
  };
}

/** What the tests of one file share: new in each of them. */
export interface StoreWorld {
  readonly server: FakeServer;
  readonly http: FakeHttp;
}

/** Every test of the file runs in simulated time, with a server of its own. */
export function storeWorld(): StoreWorld {
  useSimulatedTime();
  let world = { server: new FakeServer(), http: new FakeHttp() };
  beforeEach(() => {
    world = { server: new FakeServer(), http: new FakeHttp() };
    vi.stubGlobal("WebSocket", world.server.WebSocket);
    vi.stubGlobal("fetch", world.http.fetch);
  });
  return {
    get server() {
      return world.server;
    },
    get http() {
      return world.http;
    },
  };
}

/** A store, and how often it was no longer needed. */
export function storeOf(options: Partial<SessionOptions> = {}) {
  let ends = 0;
  const store = new SessionStore({ name: "s", url: URL, ...options }, () => {
    ends += 1;
  });
  return { store, ends: () => ends };
}

/** A store that is held and live. The fake server's newest connection is its. */
export async function liveStore(world: StoreWorld, options: Partial<SessionOptions> = {}) {
  const { store, ends } = storeOf(options);
  const release = store.hold();
  await settle();
  goLive(world.server);
  return { store, release, ends };
}

/** Welcomes the newest connection to a session of one event. */
export function goLive(server: FakeServer): void {
  push(server, welcome(1), snapshotWith([]), events(1, [created], 1), live(1));
}

/** A snapshot with a message of the model at each position: the session's beginning where there are none. */
export function snapshotWith(
  positions: readonly number[],
  hasEarlier = false,
): Extract<ServerFrame, { t: "snapshot" }> {
  const messages = positions.map((position): PlacedMessage => ({
    position,
    at: position,
    message: { id: `m${position}`, role: "assistant", parts: [] },
  }));
  const snapshot = { ...snapshotAt(positions.at(-1) ?? 0, hasEarlier), messages };
  return { t: "snapshot", i: "one", why: "fresh", snapshot };
}

export function push(server: FakeServer, ...frames: readonly ServerFrame[]): void {
  for (const frame of frames) server.connection.push(frame);
}

/** The ids of the commands that the server got on its newest connection. */
export const commands = (server: FakeServer): string[] =>
  server.connection.of("command").map(({ id }) => id);

/** The last of them. */
export const lastCommand = (server: FakeServer): string => commands(server).at(-1) ?? "";
