/** The tables of an owner's list. */

import type { Migration } from "../object/index.ts";

/**
 * Each index bills a row for every line that moves in it, so there is one for each query and no other. `sessions_by_time`
 * gives the pages, lifecycle by lifecycle. `sessions_at_work` holds the few lines that are not idle: to leave it costs nothing.
 */
export const DIRECTORY_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "sessions",
    up: `CREATE TABLE sessions (
          id TEXT PRIMARY KEY, version INTEGER NOT NULL, updated_at INTEGER NOT NULL, listing TEXT NOT NULL
        ) WITHOUT ROWID`,
  },
  {
    version: 2,
    name: "pages and filters",
    up: `ALTER TABLE sessions ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sessions ADD COLUMN lifecycle TEXT NOT NULL DEFAULT 'active';
    ALTER TABLE sessions ADD COLUMN status TEXT NOT NULL DEFAULT 'idle';
    UPDATE sessions SET created_at = json_extract(listing, '$.createdAt'),
      lifecycle = json_extract(listing, '$.lifecycle'), status = json_extract(listing, '$.status');
    ALTER TABLE sessions RENAME COLUMN updated_at TO sorted_at;
    CREATE INDEX sessions_by_time ON sessions (lifecycle, sorted_at, id);
    CREATE INDEX sessions_at_work ON sessions (status, sorted_at, id) WHERE status <> 'idle';
    CREATE TABLE removed (
      id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, removed_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
  },
];
