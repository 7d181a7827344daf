/** The messages of one MCP session, in one order: those of the standalone stream, and those of each request's. */

import { EventLog, plainEvents } from "../log/index.ts";
import type { Clock, Sql } from "../object/index.ts";

/** One message, as it is stored. */
export interface Message {
  /** Name of its stream. */
  readonly s: string;
  /** What its reader is sent: a Server-Sent Event without an id. */
  readonly d: string;
  /** The number that whoever writes the stream gave it: from 1, without gaps. */
  readonly n?: number;
  /** Present where nothing follows it in its stream. */
  readonly e?: 1;
  /** The key under which it was sent: a sender that does not know whether it arrived sends it again under the same. */
  readonly k?: string;
}

/** How much one session keeps. Past it the oldest messages go. */
export interface KeptLimits {
  /** Most messages. */
  readonly messages: number;
  /** Most UTF-16 units of messages. */
  readonly length: number;
}

/** What a message changes besides. */
export interface AppendFacts {
  /** How far the standalone stream was handed to a reader, with these messages. */
  readonly handed?: number | undefined;
  /** The number of the broadcast that this is. */
  readonly broadcast?: number | undefined;
}

/** Messages of one stream after a cursor. */
export interface StreamPage {
  /** Each with its position. */
  readonly messages: readonly (readonly [position: number, data: string])[];
  /** The cursor after them: a position of the whole log. */
  readonly next: number;
  /** Whether the stream has ended with them, or before. */
  readonly isOver: boolean;
}

/** How far a stream has come. */
export interface StreamProgress {
  /** The number of its last message; 0 where there is none. */
  readonly number: number;
  /** Where that is; 0 where there is none. */
  readonly position: number;
  readonly isOver: boolean;
}

/** What each row of the log carries on. */
interface Carry {
  /** UTF-16 units of all messages ever. */
  readonly length: number;
  readonly handed: number;
  readonly broadcast: number;
}

/** When too much is kept, this part of it goes at once, so that not every message deletes a row. */
const TRIMMED_PART = 1 / 8;

/** What the JSON of a message has besides its stream and its data, about. */
const JSON_LENGTH = 32;

const NOTHING: Carry = { length: 0, handed: 0, broadcast: 0 };

/** The log of one session, and what goes from it first. */
export class MessageLog {
  readonly #sql: Sql;
  readonly #log: EventLog<Message, Message>;
  readonly #limits: KeptLimits;
  /** What `#lengthOfFirst` said; undefined where rows have gone since. */
  #passed: number | undefined;

  constructor(sql: Sql, clock: Clock, limits: KeptLimits) {
    this.#sql = sql;
    this.#limits = limits;
    this.#log = new EventLog(sql, clock, plainEvents<Message>(lengthOf));
  }

  /** Position of the last message; 0 where there is none. */
  get head(): number {
    return this.#log.head;
  }

  /** Position of the last message that is not kept any more. */
  get floor(): number {
    return this.#log.floor;
  }

  /** How far the standalone stream was handed to a reader, as of the last message. */
  get handed(): number {
    return this.#carry.handed;
  }

  /** The number of the last broadcast that was taken; 0 where there was none. */
  get broadcast(): number {
    return this.#carry.broadcast;
  }

  /** Stores messages in one row; answers the position of the last. */
  append(messages: readonly Message[], { handed, broadcast }: AppendFacts = {}): number {
    const before = this.#carry;
    const length = messages.reduce((sum, { d }) => sum + d.length, before.length);
    const carry: Carry = {
      length,
      handed: handed ?? before.handed,
      broadcast: broadcast ?? before.broadcast,
    };
    const undo = this.#log.mark();
    try {
      this.#sql.transaction(() => {
        for (const message of messages) this.#log.append(message);
        this.#log.flush(carry);
        this.#trim(length);
      });
    } catch (error) {
      undo();
      throw error;
    }
    return this.#log.head;
  }

  /** A stream's messages after a cursor, up to and with the one that takes them past `maxLength` UTF-16 units. */
  read(stream: string, after: number, maxLength: number): StreamPage {
    const found: (readonly [number, string])[] = [];
    let isOver = false;
    let length = 0;
    let next = Math.max(after, this.#log.floor);
    for (const [position, message] of this.#after(next)) {
      next = position;
      if (message.s !== stream) continue;
      found.push([position, message.d]);
      length += message.d.length;
      isOver = message.e === 1;
      if (isOver || length >= maxLength) break;
    }
    return { messages: found, next, isOver };
  }

  /** How far a stream has come: the number of its last message, where that is, and whether it has ended. */
  progressOf(stream: string): StreamProgress {
    let progress: StreamProgress = { number: 0, position: 0, isOver: false };
    for (const [position, { s, n = progress.number, e }] of this.#after(this.#log.floor))
      if (s === stream) progress = { number: n, position, isOver: e === 1 };
    return progress;
  }

  /** Where the message of this key is; undefined where none is kept. */
  positionOf(key: string): number | undefined {
    for (const [position, message] of this.#after(this.#log.floor))
      if (message.k === key) return position;
    return undefined;
  }

  get #carry(): Carry {
    return (this.#log.carry as Carry | undefined) ?? NOTHING;
  }

  *#after(cursor: number): Generator<readonly [position: number, message: Message]> {
    let next = cursor;
    while (next < this.#log.head) {
      const page = this.#log.read(next);
      for (const [index, message] of page.events.entries()) yield [page.position + index, message];
      next = page.next;
    }
  }

  #trim(length: number): void {
    const { messages, length: most } = this.#limits;
    if (this.#log.head - this.#log.floor > messages)
      this.#forget(this.#log.head - Math.floor(messages * (1 - TRIMMED_PART)));
    this.#passed ??= this.#lengthOfFirst();
    if (length - this.#passed <= most) return;
    const least = length - Math.floor(most * (1 - TRIMMED_PART));
    const [first] = this.#sql.run<{ position: number }>(
      "SELECT position FROM log WHERE json_extract(body, '$.carry.length') > ? ORDER BY position LIMIT 1",
      least,
    );
    if (first !== undefined) this.#forget(first.position - 1);
  }

  #forget(position: number): void {
    this.#log.trim(position);
    this.#passed = undefined;
  }

  /** UTF-16 units of all messages up to those of the first row. */
  #lengthOfFirst(): number {
    const [first] = this.#sql.run<{ length: number }>(
      "SELECT json_extract(body, '$.carry.length') AS length FROM log ORDER BY position LIMIT 1",
    );
    return first?.length ?? 0;
  }
}

/** A message, and what its JSON has besides. */
function lengthOf({ s, d }: Message): number {
  return d.length + s.length + JSON_LENGTH;
}
