/** Tables computed from the log: messages and metadata. Written in the transaction of the flush that they sum up. */

import type { ContentStore } from "../log/index.ts";
import type { Sql, SqlRow } from "../object/index.ts";
import type { JsonObject, Message, PlacedMessage } from "../protocol/index.ts";
import { MessageIds } from "./message-ids.ts";
import { MessageSearch } from "./message-search.ts";
import { inlineOrPut, parseColumn } from "./out-of-line.ts";
import { boundedLimit, takeWithin } from "./page-bounds.ts";

/**
 * A row of `messages`. `position` is where the message began in the log; `parts` and `metadata` are JSON, or `$` and a digest where
 * they are out of line; `created_at` is milliseconds since 1970.
 */
export interface MessageRow extends SqlRow {
  position: number;
  id: string;
  role: string;
  turn: string | null;
  parts: string;
  metadata: string | null;
  created_at: number;
}

/** A row of `session_meta`. `value` is JSON. */
export interface SessionMetaRow extends SqlRow {
  key: string;
  value: string;
}

/** Whose the content of messages out of line is. */
const ROOM = "messages";

/** Finished messages, oldest first. */
export interface MessagePage {
  readonly messages: readonly PlacedMessage[];
  /** Whether there are messages before these. */
  readonly hasEarlier: boolean;
}

/** Messages that a search has found, newest first. */
export interface SearchPage {
  readonly messages: readonly PlacedMessage[];
  /** `before` of the next page; null where there is none. */
  readonly next: number | null;
  /** False while the index is being built for messages from before it was switched on. */
  readonly isComplete: boolean;
}

/** Reads and writes the projections. */
export class Projection {
  readonly #sql: Sql;
  readonly #content: ContentStore;
  readonly #ids: MessageIds;
  readonly messageSearch: MessageSearch;

  constructor(sql: Sql, content: ContentStore, isSearchable: boolean) {
    this.#sql = sql;
    this.#content = content;
    this.#ids = new MessageIds(sql);
    this.messageSearch = new MessageSearch(sql, isSearchable);
  }

  /** Writes a finished message: one row, and one more where messages can be searched. */
  addMessage(placed: PlacedMessage): void {
    const { position, message, turn, at } = placed;
    this.#sql.run(
      "INSERT OR REPLACE INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      position,
      message.id,
      message.role,
      turn ?? null,
      inlineOrPut(this.#content, message.parts, { position, room: ROOM }),
      message.metadata === undefined
        ? null
        : inlineOrPut(this.#content, message.metadata, { position, room: ROOM }),
      at,
    );
    this.#ids.add(message.id, position);
    this.messageSearch.add(placed);
  }

  /**
   * The newest `limit` finished messages that began before `before`, oldest first: fewer where together they have more than
   * `maxLength` UTF-16 units of JSON, but at least one.
   */
  messages(before: number, limit: number, maxLength?: number): MessagePage {
    const bounded = boundedLimit(limit);
    const rows = this.#rowsBefore(before, bounded + 1);
    const messages = takeWithin(rows.slice(0, bounded), (row) => this.#parse(row), maxLength);
    return { messages: messages.toReversed(), hasEarlier: rows.length > messages.length };
  }

  /** The finished message that began at a position. */
  messageAt(position: number): PlacedMessage | undefined {
    return this.#rowAt(position).map((row) => this.#parse(row))[0];
  }

  /** The newest finished message of an id; see `MessageIds` for what that reads. */
  messageOf(id: string): PlacedMessage | undefined {
    const position = this.#ids.find(id);
    return position === undefined ? undefined : this.messageAt(position);
  }

  /** Messages that have all words of a query, newest first; see `MessageSearch.find`. */
  search(query: string, before: number, limit: number): SearchPage {
    const bounded = boundedLimit(limit);
    const positions = this.messageSearch.find(query, { before, limit: bounded });
    const rows = positions.slice(0, bounded).flatMap((position) => this.#rowAt(position));
    const messages = takeWithin(rows, (row) => this.#parse(row));
    const hasMore = positions.length > messages.length;
    return {
      messages,
      next: hasMore ? (messages.at(-1)?.position ?? null) : null,
      isComplete: !this.messageSearch.isIncomplete,
    };
  }

  /** The oldest messages, oldest first: where they began, and when. */
  oldest(limit: number): readonly { readonly position: number; readonly at: number }[] {
    return this.#sql.run<{ position: number; at: number }>(
      "SELECT position, created_at AS at FROM messages ORDER BY position LIMIT ?",
      limit,
    );
  }

  /** The position of the oldest of the newest `count` messages; 0 where there are no more than that. */
  positionOfNewest(count: number): number {
    const [row] = this.#sql.run<{ position: number }>(
      "SELECT position FROM messages ORDER BY position DESC LIMIT 1 OFFSET ?",
      Math.max(1, count) - 1,
    );
    return row?.position ?? 0;
  }

  /** Retention: forgets messages up to a position, and what only they needed. */
  forget(position: number): void {
    this.#sql.run("DELETE FROM messages WHERE position <= ?", position);
    this.#ids.clear();
    this.messageSearch.forget(position);
    this.#content.trim(position, ROOM);
  }

  /** Adds earlier messages to the index of a search that was switched on late. */
  buildSearch(): void {
    this.messageSearch.build((before, limit) =>
      this.#rowsBefore(before, limit).map((row) => this.#parse(row)),
    );
  }

  /** Finished messages that began after a position and up to another, oldest first, at most `limit`. */
  messagesBetween(after: number, last: number, limit: number): readonly PlacedMessage[] {
    return this.#sql
      .run<MessageRow>(
        "SELECT * FROM messages WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
        after,
        last,
        limit,
      )
      .map((row) => this.#parse(row));
  }

  /** The metadata. */
  meta(): JsonObject {
    const rows = this.#sql.run<SessionMetaRow>("SELECT key, value FROM session_meta ORDER BY key");
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown]));
  }

  /** Writes the keys of a patch; a null deletes its key. */
  patchMeta(patch: JsonObject): void {
    for (const [key, value] of Object.entries(patch)) {
      if (value === null) this.#sql.run("DELETE FROM session_meta WHERE key = ?", key);
      else
        this.#sql.run(
          "INSERT INTO session_meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
          key,
          JSON.stringify(value),
        );
    }
  }

  /** Newest first. */
  #rowsBefore(before: number, limit: number): readonly MessageRow[] {
    return this.#sql.run<MessageRow>(
      "SELECT * FROM messages WHERE position < ? ORDER BY position DESC LIMIT ?",
      before,
      limit,
    );
  }

  #rowAt(position: number): readonly MessageRow[] {
    return this.#sql.run<MessageRow>("SELECT * FROM messages WHERE position = ?", position);
  }

  #parse({ position, id, role, turn, parts, metadata, created_at }: MessageRow): PlacedMessage {
    const message: Message = {
      id,
      role: role as Message["role"],
      parts: parseColumn(this.#content, parts) as Message["parts"],
      ...(metadata === null
        ? {}
        : { metadata: parseColumn(this.#content, metadata) as JsonObject }),
    };
    // In the order of the fold, so that a message reads the same from both.
    return { position, message, ...(turn === null ? {} : { turn }), at: created_at };
  }
}
