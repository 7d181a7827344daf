/** Messages for every session of a registry, as they are stored until all have them. */

import type { Sql } from "../object/index.ts";
import { firstRow } from "../object/index.ts";
import {
  MAX_MCP_BROADCAST_BYTES,
  MAX_MCP_BROADCASTS,
  MAX_MCP_BROADCASTS_BYTES,
  MCP_BROADCAST_KEPT_MS,
  PerdureError,
} from "../protocol/index.ts";

/** Sessions of a page: after each, one row says how far a message has come. */
export const PAGE_SESSIONS = 200;

/** A message on its way. */
export interface Message {
  readonly number: number;
  readonly data: string;
}

/** A message that has not been tried everywhere. */
export interface UntriedMessage extends Message {
  /** The last session that was tried; empty where none was. */
  readonly cursor: string;
}

/** A session of a page. */
export interface ListedSession {
  readonly id: string;
  /** The first message that it lacks; null where it lacks none that passed it. */
  readonly behind: number | null;
}

/** The broadcasts of one registry in its tables, and how far each session is. */
export class BroadcastQueue {
  readonly #sql: Sql;

  /** @param sql With the tables of `REGISTRY_MIGRATIONS`. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Stores a message; see `Broadcasts.add`. Call it inside a transaction. */
  add(data: string, now: number): boolean {
    const bytes = new TextEncoder().encode(data).length;
    if (bytes > MAX_MCP_BROADCAST_BYTES)
      throw new PerdureError(
        "too_large",
        `A broadcast has at most ${MAX_MCP_BROADCAST_BYTES} bytes, not ${bytes}: send less, or where to find it.`,
      );
    if (this.#sql.run("SELECT 1 FROM mcp_sessions LIMIT 1").length === 0) return false;
    this.#makeRoom(bytes);
    this.#sql.run(
      "INSERT INTO mcp_broadcasts (sent_at, bytes, cursor, data) VALUES (?, ?, '', ?)",
      now,
      bytes,
      data,
    );
    return true;
  }

  /** The first message that was not tried everywhere. */
  firstUntried(): UntriedMessage | undefined {
    return firstRow(
      this.#sql.run<{ number: number; data: string; cursor: string }>(
        "SELECT number, data, cursor FROM mcp_broadcasts WHERE cursor IS NOT NULL ORDER BY number LIMIT 1",
      ),
    );
  }

  /**
   * The first message from a number on that has passed a session over, or may do so: one that is being tried (`trying`) comes twice to
   * some.
   */
  firstMissed(session: string, from: number, trying: number | undefined): Message | undefined {
    return firstRow(
      this.#sql.run<{ number: number; data: string }>(
        `SELECT number, data FROM mcp_broadcasts
         WHERE number >= ? AND (cursor IS NULL OR cursor >= ? OR number = ?) ORDER BY number LIMIT 1`,
        from,
        session,
        trying ?? -1,
      ),
    );
  }

  /** A message was tried at every session up to this one; undefined: at all, and it is kept only for those that are behind. */
  move(number: number, cursor: string | undefined): void {
    if (cursor !== undefined || this.firstBehind() !== undefined)
      this.#sql.run(
        "UPDATE mcp_broadcasts SET cursor = ? WHERE number = ?",
        cursor ?? null,
        number,
      );
    else this.#sql.run("DELETE FROM mcp_broadcasts WHERE number = ?", number);
  }

  /** Sessions after an id that were listed before a message, and have all that came before it: a page of them. */
  readyFor(number: number, after: string): readonly ListedSession[] {
    return this.#page("behind IS NULL AND joined < ?", number, after);
  }

  /** Sessions after an id that lack something: a page of them. */
  behindAfter(after: string): readonly ListedSession[] {
    return this.#page("behind >= ?", 0, after);
  }

  /** The first message that a session lacks. */
  firstBehind(): number | undefined {
    const [row] = this.#sql.run<{ first: number | null }>(
      "SELECT min(behind) AS first FROM mcp_sessions WHERE behind IS NOT NULL",
    );
    return row?.first ?? undefined;
  }

  /** A session lacks a message, and all that come after it; null: it lacks nothing any more. */
  mark(session: string, behind: number | null): void {
    this.#sql.run(
      "UPDATE mcp_sessions SET behind = ? WHERE id = ? AND behind IS NOT ?",
      behind,
      session,
      behind,
    );
  }

  /** What was tried everywhere, and nobody lacks, goes. */
  dropDone(): void {
    this.#sql.run(
      "DELETE FROM mcp_broadcasts WHERE cursor IS NULL AND number < ?",
      this.firstBehind() ?? Number.MAX_SAFE_INTEGER,
    );
  }

  /** What is older than `MCP_BROADCAST_KEPT_MS` goes. */
  dropOld(now: number): void {
    this.#sql.run("DELETE FROM mcp_broadcasts WHERE sent_at <= ?", now - MCP_BROADCAST_KEPT_MS);
  }

  #page(where: string, binding: number, after: string): readonly ListedSession[] {
    return this.#sql.run<{ id: string; behind: number | null }>(
      `SELECT id, behind FROM mcp_sessions WHERE ${where} AND id > ? ORDER BY id LIMIT ${PAGE_SESSIONS}`,
      binding,
      after,
    );
  }

  /** What is kept for sessions that could not be reached gives way to a new message, the oldest first. */
  #makeRoom(bytes: number): void {
    const kept = this.#sql.run<{ number: number; bytes: number; is_tried: number }>(
      "SELECT number, bytes, cursor IS NULL AS is_tried FROM mcp_broadcasts ORDER BY number",
    );
    let total = kept.reduce((sum, one) => sum + one.bytes, bytes);
    let count = kept.length + 1;
    for (const one of kept) {
      if (count <= MAX_MCP_BROADCASTS && total <= MAX_MCP_BROADCASTS_BYTES) return;
      if (one.is_tried === 0) break;
      this.#sql.run("DELETE FROM mcp_broadcasts WHERE number = ?", one.number);
      total -= one.bytes;
      count -= 1;
    }
    if (count > MAX_MCP_BROADCASTS || total > MAX_MCP_BROADCASTS_BYTES)
      throw new PerdureError(
        "rate_limited",
        "Too many broadcasts are on their way; send this one again when they have arrived.",
      );
  }
}
