/**
 * Search over the text of messages, with SQLite's FTS5: opt-in, because each message that has text costs one more row. The
 * index holds no text of its own; a row's id is the message's position, so that results come newest first and in pages.
 */

import type { Sql } from "../object/index.ts";
import type { PlacedMessage } from "../protocol/index.ts";
import { PerdureError, textOf } from "../protocol/index.ts";

/** Messages that one step of building the index reads: with their tool results they may be large. */
const STEP_MESSAGES = 100;

/** UTF-16 units of a query: a sentence or two. */
const MAX_QUERY_LENGTH = 1_000;

/** Bounds of a page of results: they began before `before`, and are at most `limit`. */
export interface SearchBounds {
  readonly before: number;
  readonly limit: number;
}

/** Which results to answer. */
export interface SearchOptions {
  /** 1 to 200, default 20. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly before?: number | undefined;
}

/** The index of one session. Where it is off, nothing of it exists. */
export class MessageSearch {
  readonly #sql: Sql;
  readonly #isOn: boolean;
  /** Messages before this position are not in the index yet; undefined when all are. */
  #below: number | undefined;

  constructor(sql: Sql, isOn: boolean) {
    this.#sql = sql;
    this.#isOn = isOn;
  }

  /** Makes the index where it was switched on, and drops it where it was switched off. Call it before all else, once. */
  prepare(): void {
    const isThere =
      this.#sql.run("SELECT 1 FROM sqlite_master WHERE name = 'message_text'").length > 0;
    if (this.#isOn !== isThere)
      this.#sql.transaction(() => (this.#isOn ? this.#make() : this.#drop()));
    if (this.#isOn) [this.#below] = this.#gap();
  }

  /** Whether messages from before the index was switched on are missing from it. */
  get isIncomplete(): boolean {
    return this.#below !== undefined;
  }

  /** Adds a message that was just stored. */
  add({ position, message }: PlacedMessage): void {
    const text = textOf(message);
    if (this.#isOn && text.trim() !== "")
      this.#sql.run(
        "INSERT OR REPLACE INTO message_text (rowid, text) VALUES (?, ?)",
        position,
        text,
      );
  }

  /** Forgets messages up to a position. */
  forget(position: number): void {
    if (this.#isOn) this.#sql.run("DELETE FROM message_text WHERE rowid <= ?", position);
  }

  /**
   * Adds a bounded number of earlier messages, newest first. Call it in a transaction, until the index is complete.
   *
   * @param read The newest messages before a position, newest first.
   */
  build(read: (before: number, limit: number) => readonly PlacedMessage[]): void {
    const below = this.#below;
    if (below === undefined) return;
    const messages = read(below, STEP_MESSAGES);
    for (const message of messages) this.add(message);
    const oldest = messages.at(-1)?.position;
    if (oldest === undefined) this.#sql.run("DELETE FROM message_text_gap");
    else this.#sql.run("UPDATE message_text_gap SET below = ?", oldest);
    this.#below = oldest;
  }

  /**
   * Positions of messages that have all words of a query, newest first, one more than the limit where there are more. No
   * character of it has a meaning but a `*` at the end of a word, for any word that begins so. Throws `bad_request`.
   */
  find(query: string, { before, limit }: SearchBounds): readonly number[] {
    if (!this.#isOn)
      throw new PerdureError(
        "bad_request",
        "The messages of this session cannot be searched: set `static searchable = true` on its class.",
      );
    const match = matchOf(query);
    if (match === "") return [];
    return this.#sql
      .run<{ rowid: number }>(
        "SELECT rowid FROM message_text WHERE message_text MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
        match,
        before,
        limit + 1,
      )
      .map(({ rowid }) => rowid);
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const below = this.#below;
    return () => {
      this.#below = below;
    };
  }

  #make(): void {
    this.#sql.script(`
      CREATE VIRTUAL TABLE message_text USING fts5(
        text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
      );
      CREATE TABLE message_text_gap (below INTEGER NOT NULL);
      INSERT INTO message_text_gap (below)
        SELECT position + 1 FROM messages ORDER BY position DESC LIMIT 1`);
  }

  #drop(): void {
    this.#sql.script("DROP TABLE message_text; DROP TABLE message_text_gap");
  }

  #gap(): readonly number[] {
    return this.#sql
      .run<{ below: number }>("SELECT below FROM message_text_gap")
      .map(({ below }) => below);
  }
}

/** Each word as a phrase in quotes, in which nothing is an operator. */
function matchOf(query: string): string {
  if (typeof query !== "string" || query.length > MAX_QUERY_LENGTH)
    throw new PerdureError("bad_request", `A query is text of at most ${MAX_QUERY_LENGTH} units.`);
  return query
    .replaceAll("\0", " ")
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => {
      const isPrefix = word.length > 1 && word.endsWith("*");
      const quoted = `"${(isPrefix ? word.slice(0, -1) : word).replaceAll('"', '""')}"`;
      return isPrefix ? `${quoted}*` : quoted;
    })
    .join(" ");
}
