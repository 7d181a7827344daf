import type { SessionEvent, Snapshot } from "perdure/protocol";
import { errorOf } from "perdure/protocol";
import { SessionClient } from "perdure/client";
import { WebSocket } from "ws";
import { SOCKET_OPTIONS } from "../socket-options.ts";
import type { ConnectionOptions } from "./connection.ts";
import { resolveToken, serverUrl } from "./connection.ts";

class Socket extends WebSocket {
  constructor(url: string, protocols?: string[]) {
    super(url, protocols, SOCKET_OPTIONS);
  }
}

/** What to watch, and what to do with it. */
export interface WatchOptions {
  readonly connection: ConnectionOptions;
  readonly session: string;
  /** Events after this position. */
  readonly after: number;
  /** Ends the watching. */
  readonly signal: AbortSignal;
  /** A durable event, each exactly once and in order. Returns whether that was enough. */
  readonly onEvent: (event: SessionEvent, position: number) => boolean;
  /** The events up to the snapshot's position cannot be had any more. Returns whether that was enough. */
  readonly onReset: (snapshot: Snapshot) => boolean;
  /** Everything up to now has been told. Returns whether that was enough. */
  readonly onLive?: () => boolean;
}

/**
 * Follows a session's durable events from a position on, over as many connections as it takes.
 *
 * @returns The cursor: the position after which to go on another time.
 * @throws PerdureError when the server closes the link for good.
 */
export async function watchSession(options: WatchOptions): Promise<number> {
  const { connection, session, after, signal } = options;
  const end = Promise.withResolvers<void>();
  const token = async (): Promise<string> =>
    (await resolveToken(connection, { role: "viewer", session })) ?? "";
  let cursor = after;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    end.resolve();
  };
  const client = new SessionClient({
    url: serverUrl(connection.url).href,
    session,
    after,
    token,
    WebSocket: Socket,
  });
  client.on("event", (event, position) => {
    if (isOver) return;
    cursor = position;
    if (options.onEvent(event, position)) finish();
  });
  client.on("reset", (snapshot) => {
    if (isOver) return;
    cursor = snapshot.position;
    if (options.onReset(snapshot)) finish();
  });
  client.subscribe(() => {
    const { link, problem } = client.getState();
    // Nothing more will come, and all that there is was told.
    if (problem?.code === "session_terminated") finish();
    else if (link === "closed" && problem !== undefined) end.reject(errorOf(problem));
    else if (link === "live" && !isOver && options.onLive?.() === true) finish();
  });
  signal.addEventListener("abort", finish, { once: true });
  try {
    if (!signal.aborted) client.connect();
    await end.promise;
    return cursor;
  } finally {
    signal.removeEventListener("abort", finish);
    client.close();
  }
}
