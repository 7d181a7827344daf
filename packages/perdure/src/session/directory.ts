/** The sessions of one owner: a line each, found by time, lifecycle and status. */

import type { Clock, Sql, SqlRow } from "../object/index.ts";
import type { Lifecycle, ListOptions, SessionListing, SessionPage } from "../protocol/index.ts";

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

const LIFECYCLES: readonly Lifecycle[] = ["initializing", "active", "paused", "terminated"];

/** A row of `sessions`. `sorted_at` is its place among pages; `listing` is the line as JSON. */
interface LineRow extends SqlRow {
  id: string;
  version: number;
  sorted_at: number;
  listing: string;
  created_at: number;
  lifecycle: string;
  status: string;
}

/** The list of one owner. */
export class Directory {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Inserts or changes a line; see `SessionIndexRpc.upsert`. Answers whether it had an effect. */
  upsert(listing: SessionListing, version: number): boolean {
    const [known] = this.#sql.run<LineRow>("SELECT * FROM sessions WHERE id = ?", listing.id);
    if (known === undefined) {
      if (this.#wasRemoved(listing)) return false;
      this.#insert(listing, version);
      return true;
    }
    const isNewer =
      listing.createdAt > known.created_at ||
      (listing.createdAt === known.created_at && version > known.version);
    if (isNewer) this.#update(known, listing, version);
    return isNewer;
  }

  /** Removes a line; see `SessionIndexRpc.remove`. Answers whether there was one. */
  remove({ id, createdAt }: Pick<SessionListing, "id" | "createdAt">): boolean {
    const now = this.#clock.now();
    this.#sql.run("DELETE FROM removed WHERE removed_at < ?", now - REMOVED_FOR_MS);
    this.#sql.run(
      `INSERT INTO removed (id, created_at, removed_at) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, removed_at = excluded.removed_at
       WHERE excluded.created_at > created_at`,
      id,
      createdAt,
      now,
    );
    const removed = this.#sql.run(
      "DELETE FROM sessions WHERE id = ? AND created_at <= ? RETURNING id",
      id,
      createdAt,
    );
    return removed.length > 0;
  }

  /** A page of the list. Reads a number of rows that grows with the page, not with the list. */
  page({ limit, before, lifecycle, status }: ListOptions = {}): SessionPage {
    const lines = Math.max(1, Math.min(MAX_PAGE_LINES, Math.floor(limit ?? PAGE_LINES) || 1));
    const [sortedAt, id] = parseCursor(before);
    const rows = queriesFor({ lifecycle, status })
      .flatMap(({ where, bindings }) =>
        this.#sql.run<LineRow>(
          `SELECT * FROM sessions WHERE ${where} AND (sorted_at, id) < (?, ?)
           ORDER BY sorted_at DESC, id DESC LIMIT ?`,
          ...bindings,
          sortedAt,
          id,
          lines + 1,
        ),
      )
      .toSorted((a, b) => b.sorted_at - a.sorted_at || (a.id < b.id ? 1 : -1));
    const page = rows.slice(0, lines);
    const last = page.at(-1);
    return {
      sessions: page.map((row) => JSON.parse(row.listing) as SessionListing),
      next: rows.length > lines && last !== undefined ? `${last.sorted_at}.${last.id}` : null,
    };
  }

  #wasRemoved({ id, createdAt }: SessionListing): boolean {
    const [row] = this.#sql.run<{ created_at: number }>(
      "SELECT created_at FROM removed WHERE id = ?",
      id,
    );
    return row !== undefined && createdAt <= row.created_at;
  }

  #insert(listing: SessionListing, version: number): void {
    const { id, lifecycle, status, createdAt, updatedAt } = listing;
    this.#sql.run(
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
  #update(known: LineRow, listing: SessionListing, version: number): void {
    const { id, lifecycle, status, createdAt, updatedAt } = listing;
    const changes: [column: string, value: string | number][] = [
      ["version", version],
      ["listing", JSON.stringify(listing)],
      ["created_at", createdAt],
    ];
    if (updatedAt - known.sorted_at >= SORTING_INTERVAL_MS) changes.push(["sorted_at", updatedAt]);
    if (lifecycle !== known.lifecycle) changes.push(["lifecycle", lifecycle]);
    if (status !== known.status) changes.push(["status", status]);
    this.#sql.run(
      `UPDATE sessions SET ${changes.map(([column]) => `${column} = ?`).join(", ")} WHERE id = ?`,
      ...changes.map(([, value]) => value),
      id,
    );
  }
}

/** One query for each index range that a page is merged from. */
export function queriesFor({
  lifecycle,
  status,
}: Pick<ListOptions, "lifecycle" | "status">): readonly {
  readonly where: string;
  readonly bindings: readonly string[];
}[] {
  if (status !== undefined && status !== "idle") {
    // Named as the index has it: SQLite does not see by itself that it holds.
    const where = "status = ? AND status <> 'idle'";
    return lifecycle === undefined
      ? [{ where, bindings: [status] }]
      : [{ where: `${where} AND lifecycle = ?`, bindings: [status, lifecycle] }];
  }
  const lifecycles = lifecycle === undefined ? LIFECYCLES : [lifecycle];
  // Few lines are not idle at any time, so they may be passed over.
  const where = status === undefined ? "lifecycle = ?" : "lifecycle = ? AND status = 'idle'";
  return lifecycles.map((one) => ({ where, bindings: [one] }));
}

/** A cursor is the place and the id of the last line of a page; any other text begins at the newest. */
function parseCursor(cursor: string | undefined): readonly [sortedAt: number, id: string] {
  const match = /^(\d+)\.(.+)$/.exec(cursor ?? "");
  return match?.[1] === undefined || match[2] === undefined
    ? [Number.MAX_SAFE_INTEGER, ""]
    : [Number(match[1]), match[2]];
}
