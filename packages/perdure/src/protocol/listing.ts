/** A session's line in its owner's list (docs/PROTOCOL.md, section I). */

import type { Lifecycle } from "./events.ts";

/**
 * What goes on in a session, derived: `waiting` is for a person, and a turn is `stalled` whose runner has been gone for a minute.
 * A list says `running` of what is `queued`.
 */
export type SessionStatus = "idle" | "queued" | "running" | "stalled" | "waiting";

/** One line of a session list. */
export interface SessionListing {
  readonly id: string;
  readonly title: string | null;
  readonly lifecycle: Lifecycle;
  readonly status: SessionStatus;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** When the line last changed, in milliseconds since 1970. */
  readonly updatedAt: number;
}

/** Which lines of a list are asked for; all by default. */
export interface ListFilter {
  readonly lifecycle?: Lifecycle | undefined;
  /** `running` has what is queued as well. */
  readonly status?: Exclude<SessionStatus, "queued"> | undefined;
}

/** What is asked for of a list. */
export interface ListOptions extends ListFilter {
  /** Most lines: 1 to 200 of a page, to `MAX_LIST_LINES` of what is followed; default 50. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly before?: string | undefined;
}

/** A row of the query `sessions`: lines come in the order of `sortedAt`, the last first. */
export interface ListedSession extends SessionListing {
  /** The change that put the line to its place, in milliseconds since 1970: `updatedAt`, or up to a minute before. */
  readonly sortedAt: number;
}

/** A page of a list: the lines that changed last come first, by the minute of their change. */
export interface SessionPage {
  readonly sessions: readonly SessionListing[];
  /** Asks for the page after this one; null: there is none. */
  readonly next: string | null;
}
