/** The body of one stored row: a run of events, and what the log carries forward. */

import type { WireEvent } from "../protocol/index.ts";
import type { ContentStore } from "./content-store.ts";
import type { EventKind } from "./event-kind.ts";

/** Stands for an event that is too large for a row. */
interface Reference {
  /** Digest of its content. */
  readonly $: string;
  /** Positions that it takes. */
  readonly width: number;
}

/** An entry of a segment: an event, or a reference to one that is too large for a row. */
export type Entry<Stored = WireEvent> = Stored | Reference;

/** A stored row, parsed, but for the content that is out of line. */
export interface Segment<Stored = WireEvent> {
  /** Position of the first event. */
  readonly from: number;
  /** Position of the last event: the row's key. */
  readonly to: number;
  /** Milliseconds since 1970 at which it was stored. */
  readonly at: number;
  /** What the log carries on from row to row, as JSON: whoever owns the log knows what it is. */
  readonly carry: unknown;
  /** Events in order, merged as their kind says. */
  readonly entries: readonly Entry<Stored>[];
}

/** A row's body, before and after JSON. */
interface Body<Stored> {
  readonly v: 1;
  readonly from: number;
  readonly at: number;
  readonly carry: unknown;
  readonly e: readonly Entry<Stored>[];
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

/** What is to be stored. */
export interface Unstored<Event extends object, Stored extends object> {
  /** At least one. */
  readonly events: readonly Event[];
  /** Position of the first. */
  readonly from: number;
  readonly kind: EventKind<Event, Stored>;
}

/** Turns events into rows: one, unless they are very large. */
export function encodeSegments<Event extends object, Stored extends object>(
  { events, from, kind }: Unstored<Event, Stored>,
  at: number,
  carry: unknown,
  content: ContentStore,
): readonly Row[] {
  const rows: Row[] = [];
  let start = from;
  let next = from;
  let length = 0;
  let entries: Entry<Stored>[] = [];
  const close = () => {
    const body: Body<Stored> = { v: 1, from: start, at, carry, e: entries };
    rows.push({ position: next - 1, body: JSON.stringify(body) });
    start = next;
    length = 0;
    entries = [];
  };
  for (const event of kind.merge(events)) {
    const width = kind.widthOf(event);
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
export function decodeSegment<Stored>(row: Row): Segment<Stored> {
  const { from, at, carry, e: entries } = JSON.parse(row.body) as Body<Stored>;
  return { from, to: row.position, at, carry, entries };
}

/** How many positions an entry takes. */
export function widthOfEntry<Event extends object, Stored extends object>(
  entry: Entry<Stored>,
  kind: EventKind<Event, Stored>,
): number {
  return isReference(entry) ? entry.width : kind.widthOf(entry);
}

/** The event of an entry; one that is out of line is read now. */
export function eventOf<Stored extends object>(
  entry: Entry<Stored>,
  content: ContentStore,
): Stored {
  return isReference(entry) ? (JSON.parse(content.get(entry.$)) as Stored) : entry;
}

function isReference<Stored extends object>(entry: Entry<Stored>): entry is Reference {
  return "$" in entry;
}
