/**
 * What a copy of a session travels as, from object to object for a fork, and as JSON Lines for an export: a header, then
 * lines. Of what retention has passed only messages and approvals are left; of all after it the events tell everything.
 */

import type {
  JsonObject,
  Lifecycle,
  PlacedMessage,
  SessionState,
  Task,
  WireEvent,
} from "../protocol/index.ts";
import type { ApprovalRecord } from "./rpc.ts";

/** What is copied. */
export interface CopyHeader {
  /** Id of the session that is copied. */
  readonly session: string;
  /** The last position that is copied. */
  readonly position: number;
  /** The last position that retention has passed: events begin after it. */
  readonly floor: number;
  /** What the state was there; null where the events tell all. */
  readonly base: CopyBase | null;
}

/** The parts of a state that no event after the floor tells of. */
export interface CopyBase extends Pick<SessionState, "lastOutcome"> {
  readonly lifecycle: Lifecycle;
  readonly meta: JsonObject;
  /** The plan, and the newest 200 tasks of the application. */
  readonly tasks: readonly Task[];
}

/** One line: a message or an approval from before the floor, or an event (or run of deltas) after it. */
export type CopyLine =
  | { readonly message: PlacedMessage }
  | { readonly position: number; readonly approval: ApprovalRecord }
  | { readonly position: number; readonly event: WireEvent };

/** Where a page of lines begins. */
export interface CopyCursor {
  readonly kind: "message" | "approval" | "event";
  /** Position after which lines of this kind follow. */
  readonly after: number;
}

/** Lines in order, about 128 KiB; `next` asks for those after them, and is null behind the last. */
export interface CopyPage {
  readonly lines: readonly CopyLine[];
  readonly next: CopyCursor | null;
}

/** Where the first page begins. */
export function firstCursor({ floor }: CopyHeader): CopyCursor {
  return floor === 0 ? { kind: "event", after: 0 } : { kind: "message", after: 0 };
}
