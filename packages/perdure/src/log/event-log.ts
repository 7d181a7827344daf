/**
 * The durable log: one integer position per event, from 1, without gaps; one stored row per flush. Events after the last
 * flush are the *tail*: they have positions, and are lost with the object's memory, so whoever appends must know that
 * somebody else still holds them.
 */

import type { Clock, Migration, Sql } from "../object/index.ts";
import type { SessionEvent, WireEvent } from "../protocol/index.ts";
import { MAX_PAGE_BYTES } from "../protocol/index.ts";
import { ContentStore } from "./content-store.ts";
import type { EventKind } from "./event-kind.ts";
import type { Segment } from "./segment.ts";
import { decodeSegment, encodeSegments, eventOf, widthOfEntry } from "./segment.ts";

/** The table of the log. The key is the position of a row's last event; no other index, because each costs a row. */
export const LOG_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "log",
    up: "CREATE TABLE log (position INTEGER PRIMARY KEY, body TEXT NOT NULL)",
  },
];

/** A tail of this many UTF-16 units is flushed at once. */
export const FLUSH_LENGTH = 32 * 1024;

/** Rows that one query for a page reads at most: each has at most `FLUSH_LENGTH`, so a page needs few. */
const ROWS_PER_QUERY = 8;

/** Durable events after a cursor. */
export interface Page<Stored = WireEvent> {
  /** Position of the first event. */
  readonly position: number;
  /** Events in order, merged as their kind says. Empty at the head. */
  readonly events: readonly Stored[];
  /** Cursor for the next page: the position of the last event, or the cursor that was asked for. */
  readonly next: number;
}

/** One log, by default of a session's events. */
export class EventLog<Event extends object = SessionEvent, Stored extends object = WireEvent> {
  /** Where content is that is too large for a row. */
  readonly content: ContentStore;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #kind: EventKind<Event, Stored>;
  #head = 0;
  #floor = 0;
  #carry: unknown;
  #writtenAt = 0;
  #tail: Event[] = [];
  #tailLength = 0;

  /**
   * Reads the first and the last row; nothing else, however long the log is.
   *
   * @param kind What it holds: `sessionEvents()`, `plainEvents()`, or one of your own.
   */
  constructor(sql: Sql, clock: Clock, kind: EventKind<Event, Stored>) {
    this.#sql = sql;
    this.#clock = clock;
    this.#kind = kind;
    this.content = new ContentStore(sql);
    const [last] = this.#rows("SELECT position, body FROM log ORDER BY position DESC LIMIT 1");
    const [first] = this.#rows("SELECT position, body FROM log ORDER BY position LIMIT 1");
    this.#head = last?.to ?? 0;
    this.#carry = last?.carry;
    this.#writtenAt = last?.at ?? 0;
    this.#floor = first === undefined ? 0 : first.from - 1;
  }

  /** The last durable position; 0 where there is none. */
  get head(): number {
    return this.#head;
  }

  /** The last position, durable or not. */
  get last(): number {
    return this.#head + this.#tail.length;
  }

  /** The last position that retention has passed: a cursor below it cannot be served. */
  get floor(): number {
    return this.#floor;
  }

  /** What the last row carries. */
  get carry(): unknown {
    return this.#carry;
  }

  /** When the last row was stored, in milliseconds since 1970; 0 where there is none. */
  get writtenAt(): number {
    return this.#writtenAt;
  }

  /** Events that are not durable yet: positions `head + 1` to `last`. */
  get tail(): readonly Event[] {
    return this.#tail;
  }

  /** Whether the tail is so long that it should be flushed now. */
  get isTailFull(): boolean {
    return this.#tailLength >= FLUSH_LENGTH;
  }

  /** Has a log without rows go on after a position, as if retention had passed all up to it. */
  startAfter(position: number): void {
    if (this.last > 0) throw new Error("Only an empty log can start somewhere.");
    this.#head = position;
    this.#floor = position;
  }

  /** Adds an event to the tail; answers its position. */
  append(event: Event): number {
    this.#tail.push(event);
    this.#tailLength += this.#kind.lengthOf(event);
    return this.last;
  }

  /**
   * Stores the tail, with `carry` in its row. Answers whether there was one. Call it in a transaction; if that is
   * undone, call what `mark` gave before it.
   */
  flush(carry: unknown): boolean {
    if (this.#tail.length === 0) return false;
    const now = this.#clock.now();
    const entries = { events: this.#tail, from: this.#head + 1, kind: this.#kind };
    const rows = encodeSegments(entries, now, carry, this.content);
    for (const row of rows)
      this.#sql.run("INSERT INTO log (position, body) VALUES (?, ?)", row.position, row.body);
    this.#head = this.last;
    this.#carry = carry;
    this.#writtenAt = now;
    this.#tail = [];
    this.#tailLength = 0;
    return true;
  }

  /**
   * Durable events after `after`, up to and with the one that takes them past `maxLength` UTF-16 units. Below the floor
   * the page begins after the floor, and its `position` says so.
   */
  read(after: number, maxLength = MAX_PAGE_BYTES): Page<Stored> {
    const start = Math.max(after, this.#floor);
    const events: Stored[] = [];
    let next = start;
    let length = 0;
    while (next < this.#head && length < maxLength) {
      const segments = this.#rows(
        "SELECT position, body FROM log WHERE position > ? ORDER BY position LIMIT ?",
        next,
        ROWS_PER_QUERY,
      );
      for (const { event, position } of this.#eventsAfter(segments, next)) {
        events.push(event);
        next = position;
        length += this.#kind.lengthOfStored(event);
        if (length >= maxLength) break;
      }
    }
    return { position: start + 1, events, next };
  }

  /** The oldest rows, oldest first: the position of the last event of each, and when it was stored. */
  oldest(limit: number): readonly { readonly position: number; readonly at: number }[] {
    return this.#sql.run<{ position: number; at: number }>(
      "SELECT position, json_extract(body, '$.at') AS at FROM log ORDER BY position LIMIT ?",
      limit,
    );
  }

  /**
   * Retention: forgets rows up to the last one that ends at or before `position` and at which the log may begin anew, and what
   * only they needed. The last row always stays, because it carries the state. Answers the new floor.
   */
  trim(position: number, mayEnd?: (row: Segment<Stored>) => boolean): number {
    const end = this.floorFor(position, mayEnd);
    if (end === this.#floor) return end;
    this.#sql.run("DELETE FROM log WHERE position <= ?", end);
    this.#floor = end;
    this.content.trim(end);
    return end;
  }

  /** Where `trim` would put the floor. */
  floorFor(position: number, mayEnd: (row: Segment<Stored>) => boolean = () => true): number {
    return this.#lastRow(Math.min(position, this.#head - 1), mayEnd) ?? this.#floor;
  }

  /** What memory holds now, as a function that brings it back after a transaction was undone. */
  mark(): () => void {
    const [head, floor, carry, writtenAt, tail, length] = [
      this.#head,
      this.#floor,
      this.#carry,
      this.#writtenAt,
      this.#tail,
      this.#tailLength,
    ];
    const count = tail.length;
    return () => {
      this.#head = head;
      this.#floor = floor;
      this.#carry = carry;
      this.#writtenAt = writtenAt;
      this.#tail = tail;
      this.#tail.length = count;
      this.#tailLength = length;
    };
  }

  /** The key of the last row that ends at or before a position and fits. */
  #lastRow(position: number, fits: (row: Segment<Stored>) => boolean): number | undefined {
    for (let before = position; ;) {
      const [row] = this.#rows(
        "SELECT position, body FROM log WHERE position <= ? ORDER BY position DESC LIMIT 1",
        before,
      );
      if (row === undefined || fits(row)) return row?.to;
      before = row.to - 1;
    }
  }

  #rows(query: string, ...bindings: number[]): Segment<Stored>[] {
    return this.#sql
      .run<{ position: number; body: string }>(query, ...bindings)
      .map((row) => decodeSegment<Stored>(row));
  }

  /** What comes after a cursor, which may stand inside a run, with the position of each event's end. */
  *#eventsAfter(
    segments: readonly Segment<Stored>[],
    after: number,
  ): Generator<{ readonly event: Stored; readonly position: number }> {
    for (const { from, entries } of segments) {
      let position = from - 1;
      for (const entry of entries) {
        const start = position;
        position += widthOfEntry(entry, this.#kind);
        if (position <= after) continue;
        const event = this.#kind.upgrade(eventOf(entry, this.content));
        const passed = Math.max(0, after - start);
        yield { event: passed === 0 ? event : this.#kind.dropFirst(event, passed), position };
      }
    }
  }
}
