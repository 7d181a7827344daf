/** Tables computed from the log: messages and metadata. Written in the transaction of the flush that they sum up. */

import type { ContentStore } from "../log/index.ts";
import type { Sql, SqlRow } from "../object/index.ts";
import type { JsonObject, Message, PlacedMessage } from "../protocol/index.ts";
import { inlineOrPut, parseColumn } from "./out-of-line.ts";

/** A row of `messages`. `parts` and `metadata` are JSON, or `$` and a digest where they are out of line. */
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

/** Most messages in one answer. */
export const MAX_MESSAGES = 200;

/** Reads and writes the projections. */
export class Projection {
  readonly #sql: Sql;
  readonly #content: ContentStore;

  constructor(sql: Sql, content: ContentStore) {
    this.#sql = sql;
    this.#content = content;
  }

  /** Writes a finished message: one row. */
  addMessage({ position, message, turn, at }: PlacedMessage): void {
    this.#sql.run(
      "INSERT OR REPLACE INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      position,
      message.id,
      message.role,
      turn ?? null,
      inlineOrPut(this.#content, message.parts),
      message.metadata === undefined ? null : inlineOrPut(this.#content, message.metadata),
      at,
    );
  }

  /** The newest `limit` finished messages that began before `before`, oldest first. */
  messages(
    before: number,
    limit: number,
  ): { readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean } {
    const bounded = Math.max(1, Math.min(MAX_MESSAGES, Math.floor(limit) || 1));
    const rows = this.#sql.run<MessageRow>(
      "SELECT * FROM messages WHERE position < ? ORDER BY position DESC LIMIT ?",
      before,
      bounded + 1,
    );
    return {
      messages: rows
        .slice(0, bounded)
        .toReversed()
        .map((row) => this.#parse(row)),
      hasEarlier: rows.length > bounded,
    };
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
