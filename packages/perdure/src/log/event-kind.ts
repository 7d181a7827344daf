/** What a log holds: the log itself knows no more of its events than this. */

import type { SessionEvent, WireEvent } from "../protocol/index.ts";
import { deltaOf, dropFromRun, mergeRuns, widthOf } from "../protocol/index.ts";

/** How events of one kind are stored. `Event` is what is appended, `Stored` what is kept and read: several events may be one. */
export interface EventKind<Event extends object, Stored extends object> {
  /** Events as they are stored, in order: adjacent ones may become one. */
  merge(events: readonly Event[]): readonly Stored[];
  /** How many positions a stored event takes: that of as many events. */
  widthOf(stored: Stored): number;
  /** What is left of a stored event without its first `count` events; `count` is less than its width. */
  dropFirst(stored: Stored, count: number): Stored;
  /** An event's share of a row, in UTF-16 units, about. */
  lengthOf(event: Event): number;
  /** A stored event's share of a page, in UTF-16 units, about. */
  lengthOfStored(stored: Stored): number;
  /** Gives an event that an earlier version wrote as this one has it. */
  upgrade(stored: Stored): Stored;
}

/** Events of sessions: adjacent deltas of a text are merged into runs. */
export function sessionEvents(
  upgrade = (event: WireEvent) => event,
): EventKind<SessionEvent, WireEvent> {
  return {
    merge: mergeRuns,
    widthOf,
    dropFirst: dropFromRun,
    lengthOf: lengthOfEvent,
    lengthOfStored: lengthOfJson,
    upgrade,
  };
}

/**
 * Events that are stored as they are, each at a position of its own.
 *
 * @param lengthOf An event's length in UTF-16 units, about; default: that of its JSON, which takes as long to make.
 */
export function plainEvents<Event extends object>(
  lengthOf: (event: Event) => number = lengthOfJson,
): EventKind<Event, Event> {
  return {
    merge: (events) => events,
    widthOf: () => 1,
    dropFirst: (event) => event,
    lengthOf,
    lengthOfStored: lengthOf,
    upgrade: (event) => event,
  };
}

function lengthOfJson(event: object): number {
  return JSON.stringify(event).length;
}

/** A delta's share of the row is its text; all else is measured as JSON. */
function lengthOfEvent(event: SessionEvent): number {
  const delta = deltaOf(event);
  return delta === undefined ? JSON.stringify(event).length : delta.text.length + 4;
}
