/** What a user interface draws. */

import type { Presence, Problem, Role, RunnerPresence, SessionState } from "../protocol/index.ts";
import type { PendingCommand } from "./outbox-store.ts";

/**
 * The link to the server.
 * - `idle`: never connected.
 * - `connecting`: a first attempt, or one that the person asked for.
 * - `catching-up`: connected; what was missed is on its way.
 * - `live`: everything up to now is here.
 * - `offline`: the connection broke; attempts go on by themselves.
 * - `closed`: by `close()`, or by the server for good (then `problem` says why).
 */
export type LinkState = "idle" | "connecting" | "catching-up" | "live" | "offline" | "closed";

/** All that a client knows, as one immutable value. Parts that did not change are the same objects as before. */
export interface ClientState {
  readonly link: LinkState;
  /** Why the server closed the link for good. */
  readonly problem: Problem | undefined;
  /** Who this client is to the session: `by` of what it does; undefined before the first welcome. */
  readonly subject: string | undefined;
  /** What the server lets this client do; undefined before the first welcome. */
  readonly role: Role | undefined;
  /**
   * The session as this reader sees it, with what is shown and not yet durable. Undefined before the first welcome; kept
   * while the link is down.
   */
  readonly session: SessionState | undefined;
  /** Whether older messages exist than those in `session.messages`: `GET …/messages?before=` has them. */
  readonly hasEarlier: boolean;
  /** The durable position up to which this reader has everything. */
  readonly cursor: number;
  /** The runner that is connected, as last heard: it says nothing of now unless `link` is `live`. */
  readonly runner: RunnerPresence | null;
  /**
   * Who is here, this client included, as last heard: it says nothing of now unless `link` is `live`. Undefined before that,
   * and where the session does not show people to each other.
   */
  readonly presence: Presence | undefined;
  /** Commands without an answer, oldest first: a page shows these as pending messages. */
  readonly outbox: readonly PendingCommand[];
}

/** The state with these changes, or the same one where nothing differs. */
export function changed(state: ClientState, next: ClientState): ClientState {
  const keys = Object.keys(next) as (keyof ClientState)[];
  return keys.every((key) => Object.is(state[key], next[key])) ? state : next;
}
