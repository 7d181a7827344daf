/** Large content, out of line: chunks addressed by the digest of the whole. */

import type { Migration, Sql } from "../object/index.ts";
import { digestOf } from "../object/index.ts";

/** Most UTF-16 units of one chunk: at most three bytes each, so that a row stays under 1 MB. */
const CHUNK_LENGTH = 256 * 1024;

/** The table of content. */
export const CONTENT_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "content",
    up: `CREATE TABLE content (
      digest TEXT NOT NULL, part INTEGER NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (digest, part)
    ) WITHOUT ROWID`,
  },
];

/** Stores texts of any size once each. */
export class ContentStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Stores a well-formed text for the entry at `position`, the last that needs it so far; answers its digest. JSON is
   * well-formed, whatever strings it is made of.
   *
   * @param room Whose entry it is, in small letters; each room forgets its own. Default: the log.
   */
  put(text: string, position: number, room?: string): string {
    const digest = (room === undefined ? "" : `${room}:`) + digestOf(text);
    chunksOf(text).forEach((chunk, part) => {
      this.#sql.run(
        `INSERT INTO content (digest, part, position, body) VALUES (?, ?, ?, ?)
         ON CONFLICT (digest, part) DO UPDATE SET position = max(position, excluded.position)`,
        digest,
        part,
        position,
        chunk,
      );
    });
    return digest;
  }

  /** The text of a digest. Throws where it is gone. */
  get(digest: string): string {
    const rows = this.#sql.run<{ body: string }>(
      "SELECT body FROM content WHERE digest = ? ORDER BY part",
      digest,
    );
    if (rows.length === 0) throw new Error(`Content ${digest} is missing from storage.`);
    return rows.map((row) => row.body).join("");
  }

  /** Forgets content that only entries up to `position` of one room needed. */
  trim(position: number, room?: string): void {
    // A digest in hex sorts before any name.
    const [from, to] = room === undefined ? ["", "g"] : [`${room}:`, `${room};`];
    this.#sql.run(
      "DELETE FROM content WHERE digest >= ? AND digest < ? AND position <= ?",
      from,
      to,
      position,
    );
  }
}

/** SQLite stores UTF-8, which has no form for half of a surrogate pair: no chunk ends between the halves. */
function chunksOf(text: string): readonly string[] {
  const chunks: string[] = [];
  let start = 0;
  do {
    const end = start + CHUNK_LENGTH;
    const isWithinPair = isHighSurrogate(text.charCodeAt(end - 1));
    const chunk = text.slice(start, isWithinPair ? end - 1 : end);
    chunks.push(chunk);
    start += chunk.length;
  } while (start < text.length);
  return chunks;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
