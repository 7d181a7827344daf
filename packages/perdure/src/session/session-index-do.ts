import { BaseDO } from "../object/index.ts";
import type { Schema } from "../object/index.ts";
import type { SessionIndexRpc, SessionListing } from "./rpc.ts";

const SCHEMAS: readonly Schema[] = [
  {
    owner: "session-index",
    migrations: [
      {
        version: 1,
        name: "sessions",
        // No index on `updated_at`: an owner's sessions are few to read and often updated, and each index bills a row.
        up: `CREATE TABLE sessions (
          id TEXT PRIMARY KEY, version INTEGER NOT NULL, updated_at INTEGER NOT NULL, listing TEXT NOT NULL
        ) WITHOUT ROWID`,
      },
    ],
  },
];

const MAX_LISTED = 200;

/** The sessions of one owner: an index object per owner, named by the owner's subject, from the start. */
export class SessionIndexDO<Env = unknown> extends BaseDO<Env> implements SessionIndexRpc {
  protected static override readonly schemas = SCHEMAS;

  async upsert(listing: SessionListing, version: number): Promise<void> {
    this.sql.run(
      `INSERT INTO sessions (id, version, updated_at, listing) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, listing = excluded.listing
       WHERE excluded.version >= version`,
      listing.id,
      version,
      listing.updatedAt,
      JSON.stringify(listing),
    );
  }

  async list(
    options: { readonly limit?: number; readonly before?: string } = {},
  ): Promise<{ readonly sessions: readonly SessionListing[]; readonly next: string | null }> {
    if (this.isBlank) return { sessions: [], next: null };
    const limit = Math.max(1, Math.min(MAX_LISTED, Math.floor(options.limit ?? 50) || 1));
    const [updatedAt, id] = parseCursor(options.before);
    const rows = this.sql.run<{ id: string; updated_at: number; listing: string }>(
      `SELECT id, updated_at, listing FROM sessions WHERE (updated_at, id) < (?, ?)
       ORDER BY updated_at DESC, id DESC LIMIT ?`,
      updatedAt,
      id,
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      sessions: page.map((row) => JSON.parse(row.listing) as SessionListing),
      next: rows.length > limit && last !== undefined ? `${last.updated_at}.${last.id}` : null,
    };
  }
}

/** A cursor is the time and the id of the last line of a page; any other text begins at the newest. */
function parseCursor(cursor: string | undefined): readonly [number, string] {
  const match = /^(\d+)\.(.+)$/.exec(cursor ?? "");
  return match?.[1] === undefined || match[2] === undefined
    ? [Number.MAX_SAFE_INTEGER, ""]
    : [Number(match[1]), match[2]];
}
