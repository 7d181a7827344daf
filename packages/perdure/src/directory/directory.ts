/** The sessions of one owner: a line each, found by time, lifecycle and status. */

import type { Clock } from "../object/index.ts";
import type { ListedSession, ListOptions, SessionListing, SessionPage } from "../protocol/index.ts";
import type { MutationSql, OwnShard } from "../shard/index.ts";
import { cursorOf, SESSIONS_QUERY } from "./session-lines.ts";

/** Lines of a page: where nothing is said, and at most. */
const PAGE_LINES = 50;
const MAX_PAGE_LINES = 200;

/**
 * A line moves to the top only where its last move is this long ago, in milliseconds: each move bills a row, and a turn changes
 * its line twice or more.
 */
const SORTING_INTERVAL_MS = 60_000;

/** How long an erased session is remembered, in milliseconds: what was under way to the list has arrived long before. */
const REMOVED_FOR_MS = 24 * 60 * 60 * 1000;

/** What is compared of a row of `sessions`. `sorted_at` is its place among pages. */
interface KnownLine {
  readonly version: number;
  readonly sorted_at: number;
  readonly created_at: number;
  readonly lifecycle: string;
  readonly status: string;
}

/** The list of one owner. */
export class Directory {
  readonly #shard: OwnShard;
  readonly #clock: Clock;

  /** @param shard With the functions of `sessionDirectory`. */
  constructor(shard: OwnShard, clock: Clock) {
    this.#shard = shard;
    this.#clock = clock;
  }

  /** Inserts or changes a line; see `SessionIndexRpc.upsert`. Answers whether it had an effect. */
  upsert(listing: SessionListing, version: number): boolean {
    return this.#shard.write((sql) => {
      const known = sql.first<KnownLine>(
        "SELECT version, sorted_at, created_at, lifecycle, status FROM sessions WHERE id = ?",
        listing.id,
      );
      if (known === undefined) {
        if (wasRemoved(sql, listing)) return false;
        insert(sql, listing, version);
        return true;
      }
      const isNewer =
        listing.createdAt > known.created_at ||
        (listing.createdAt === known.created_at && version > known.version);
      if (isNewer) update(sql, known, listing, version);
      return isNewer;
    });
  }

  /** Removes a line; see `SessionIndexRpc.remove`. Answers whether there was one. */
  remove({ id, createdAt }: Pick<SessionListing, "id" | "createdAt">): boolean {
    const now = this.#clock.now();
    return this.#shard.write((sql) => {
      sql.run("DELETE FROM removed WHERE removed_at < ?", now - REMOVED_FOR_MS);
      sql.run(
        `INSERT INTO removed (id, created_at, removed_at) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, removed_at = excluded.removed_at
         WHERE excluded.created_at > created_at`,
        id,
        createdAt,
        now,
      );
      return sql.run("DELETE FROM sessions WHERE id = ? AND created_at <= ?", id, createdAt) > 0;
    });
  }

  /** A page of the list. */
  page({ limit = PAGE_LINES, ...options }: ListOptions = {}): SessionPage {
    const lines = Math.max(1, Math.min(MAX_PAGE_LINES, Math.floor(limit) || 1));
    const args = { ...options, limit: lines + 1 };
    const { value } = this.#shard.call({ functionPath: SESSIONS_QUERY, args }, null);
    const found = value as readonly ListedSession[];
    const last = found.length > lines ? found[lines - 1] : undefined;
    return {
      sessions: found.slice(0, lines).map(({ sortedAt: _sortedAt, ...listing }) => listing),
      next: last === undefined ? null : cursorOf(last),
    };
  }
}

function wasRemoved(sql: MutationSql, { id, createdAt }: SessionListing): boolean {
  const row = sql.first<{ created_at: number }>("SELECT created_at FROM removed WHERE id = ?", id);
  return row !== undefined && createdAt <= row.created_at;
}

function insert(sql: MutationSql, listing: SessionListing, version: number): void {
  const { id, lifecycle, status, createdAt, updatedAt } = listing;
  sql.run(
    `INSERT INTO sessions (id, version, sorted_at, listing, created_at, lifecycle, status)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    id,
    version,
    updatedAt,
    JSON.stringify(listing),
    createdAt,
    lifecycle,
    status,
  );
}

/** Names a column that is in an index only where it changes: to name it bills a row. */
function update(
  sql: MutationSql,
  known: KnownLine,
  listing: SessionListing,
  version: number,
): void {
  const { id, lifecycle, status, createdAt, updatedAt } = listing;
  const changes: [column: string, value: string | number][] = [
    ["version", version],
    ["listing", JSON.stringify(listing)],
    ["created_at", createdAt],
  ];
  if (updatedAt - known.sorted_at >= SORTING_INTERVAL_MS) changes.push(["sorted_at", updatedAt]);
  if (lifecycle !== known.lifecycle) changes.push(["lifecycle", lifecycle]);
  if (status !== known.status) changes.push(["status", status]);
  sql.run(
    `UPDATE sessions SET ${changes.map(([column]) => `${column} = ?`).join(", ")} WHERE id = ?`,
    ...changes.map(([, value]) => value),
    id,
  );
}
