import type { SessionState } from "../protocol/index.ts";
import type { Lifetime } from "./lifetime.ts";

/** What each row of the log carries, so that the last row alone tells where the session stands. */
export interface Carry {
  /** The session's id; null until it is created. */
  readonly id: string | null;
  /** The spool that wrote last, and the number of its last event. */
  readonly spool: string | null;
  readonly r: number;
  /** Position from which the state must be folded again: before it nothing is open but turns that wait. */
  readonly open: number;
  /** Positions of the `turn.queued` of these, where there are any. */
  readonly waiting?: readonly number[] | undefined;
  /** What a snapshot before that position cannot take from a table. Missing where the first version wrote the row. */
  readonly closed?: Closed;
  /** Position at which the session's line in lists changed last; rows of before have none. */
  readonly line?: number;
  /** The parts of the state that no table holds and that outlive a turn. */
  readonly facts: Pick<
    SessionState,
    "lifecycle" | "paused" | "createdBy" | "createdAt" | "time" | "runner" | "lastOutcome"
  >;
  /** How long this session may last, where its creator said so. */
  readonly lifetime?: Lifetime | undefined;
}

/** The last control event's time, and how the last turn ended, as of the position before which nothing but turns that wait is open. */
export type Closed = Pick<SessionState, "time" | "lastOutcome">;
