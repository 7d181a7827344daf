/** Events one by one, each with its own position, as foreign protocols want them. */

import type { SessionEvent, WireEvent } from "../protocol/index.ts";
import { splitRun, widthOf } from "../protocol/index.ts";

/** One event of the log with the position that it has there. */
export type PlacedEvent = SessionEvent & { readonly position: number };

/** The single events of a page that begins at `position`, runs split into the deltas that they were merged from. */
export function placeEvents(position: number, events: readonly WireEvent[]): PlacedEvent[] {
  const placed: PlacedEvent[] = [];
  let next = position;
  for (const event of events) {
    splitRun(event).forEach((one, index) => placed.push({ ...one, position: next + index }));
    next += widthOf(event);
  }
  return placed;
}
