/** A session's line in its owner's list, and the frames in which lists travel (docs/PROTOCOL.md, section I). */

import type { Problem } from "./errors.ts";
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
  /** Most lines of the page: 1 to 200, default 50. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly before?: string | undefined;
}

/** A page of a list: the lines that changed last come first, by the minute of their change. */
export interface SessionPage {
  readonly sessions: readonly SessionListing[];
  /** Asks for the page after this one; null: there is none. */
  readonly next: string | null;
}

/** From the reader of a list: asks for a page. Changes follow the first page; more pages may be asked for at any time. */
export type ListFrame = ListOptions & { readonly t: "hello"; readonly v: number };

/** To the reader of a list. `i` is the incarnation of the list's object. */
export type ListServerFrame =
  /** A page. Where `before` is null it replaces all that the reader has, else it comes behind that. */
  | (SessionPage & {
      readonly t: "sessions";
      readonly v: number;
      readonly i: string;
      readonly before: string | null;
    })
  /** A line is new or has changed, whether it matches the filter or not. */
  | { readonly t: "session"; readonly i: string; readonly session: SessionListing }
  /** A session was erased. */
  | { readonly t: "removed"; readonly i: string; readonly id: string }
  | { readonly t: "error"; readonly i: string; readonly error: Problem };
