/** What the client of a session takes, and what it tells of. */

import type { Problem, SessionEvent, Snapshot } from "../protocol/index.ts";
import type { WebSocketConstructor } from "./dialer.ts";
import type { TokenSource } from "./link.ts";
import type { OutboxStore } from "./outbox-store.ts";

/** Which session to follow, and how. */
export interface SessionClientOptions {
  /** Base URL of the server, such as `http://127.0.0.1:8787`. Default: the page's origin. */
  readonly url?: string;
  /** Id of the session. */
  readonly session: string;
  /**
   * Bearer token, for clients without a cookie; it travels as a WebSocket subprotocol. A function is asked before each
   * connection, and once more when the server refuses its token.
   */
  readonly token?: TokenSource;
  /**
   * Has a session that does not exist created: asked once, and once more after each `reconnect`. Commands wait meanwhile as
   * they do while the link is down, and `link` is `connecting`. A rejection closes the link for good, as that of a missing
   * session does without this.
   */
  readonly create?: () => Promise<void>;
  /** Where commands wait for their replies. Default: `localStorage` in a page, memory elsewhere. */
  readonly outbox?: OutboxStore;
  /** Default: the global `WebSocket`. Node 20 has none: pass the one of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** `null` (default): begin with a snapshot of the newest messages. A number: with the events after that position. */
  readonly after?: number | null;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** From 0 up to 1, for the jitter of reconnects. Default: `Math.random`. */
  readonly random?: () => number;
}

/** What `on` tells of, with the arguments of the listener. */
export interface SessionClientEvents {
  /** A durable event: each exactly once, in the order of positions. */
  readonly event: readonly [event: SessionEvent, position: number];
  /** Everything before this was replaced, because the cursor was below the floor or past the head. */
  readonly reset: readonly [snapshot: Snapshot];
  /** The server refused a frame that belongs to no command, or sent one that could not be understood. */
  readonly error: readonly [problem: Problem];
}
