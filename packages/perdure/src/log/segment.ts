/** The body of one stored row: a run of events, and what the log carries forward. */

import type { SessionEvent, WireEvent } from "../protocol/index.ts";
import { mergeRuns, widthOf } from "../protocol/index.ts";
import type { ContentStore } from "./content-store.ts";

/** An entry of a segment: an event, or a reference to one that is too large for a row. */
export type Entry = WireEvent | { readonly $: string; readonly width: number };

/** A stored row, parsed, but for the content that is out of line. */
export interface Segment {
  /** Position of the first event. */
  readonly from: number;
  /** Position of the last event: the row's key. */
  readonly to: number;
  /** Milliseconds since 1970 at which it was stored. */
  readonly at: number;
  /** What the log carries on from row to row, as JSON: whoever owns the log knows what it is. */
  readonly carry: unknown;
  /** Events in order, runs merged. */
  readonly entries: readonly Entry[];
}

/** A row's body, before and after JSON. */
interface Body {
  readonly v: 1;
  readonly from: number;
  readonly at: number;
  readonly carry: unknown;
  readonly e: readonly Entry[];
}

/** UTF-16 units above which one event goes out of line. */
const LARGE_EVENT_LENGTH = 128 * 1024;

/** UTF-16 units of a reference, about. */
const REFERENCE_LENGTH = 100;

/** UTF-16 units above which a flush goes on in another row: three bytes each still make less than 1 MB. */
const ROW_LENGTH = 256 * 1024;

/** A row to be written. */
export interface Row {
  /** Position of its last event: the key. */
  readonly position: number;
  /** JSON of less than 1 MB. */
  readonly body: string;
}

/** Turns events from position `from` on into rows: one, unless they are very large. */
export function encodeSegments(
  events: readonly SessionEvent[],
  from: number,
  at: number,
  carry: unknown,
  content: ContentStore,
): readonly Row[] {
  const rows: Row[] = [];
  let start = from;
  let next = from;
  let length = 0;
  let entries: Entry[] = [];
  const close = () => {
    const body: Body = { v: 1, from: start, at, carry, e: entries };
    rows.push({ position: next - 1, body: JSON.stringify(body) });
    start = next;
    length = 0;
    entries = [];
  };
  for (const event of mergeRuns(events)) {
    const width = widthOf(event);
    const text = JSON.stringify(event);
    const isLarge = text.length > LARGE_EVENT_LENGTH;
    const share = isLarge ? REFERENCE_LENGTH : text.length;
    if (entries.length > 0 && length + share > ROW_LENGTH) close();
    entries.push(isLarge ? { $: content.put(text, next + width - 1), width } : event);
    length += share;
    next += width;
  }
  close();
  return rows;
}

/** Parses a row. */
export function decodeSegment(row: Row): Segment {
  const { from, at, carry, e: entries } = JSON.parse(row.body) as Body;
  return { from, to: row.position, at, carry, entries };
}

/** How many positions an entry takes. */
export function widthOfEntry(entry: Entry): number {
  return "$" in entry ? entry.width : widthOf(entry);
}

/** The event of an entry; one that is out of line is read now. */
export function eventOf(entry: Entry, content: ContentStore): WireEvent {
  return "$" in entry ? (JSON.parse(content.get(entry.$)) as WireEvent) : entry;
}
