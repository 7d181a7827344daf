/** The tables of a handle. */

import type { Migration } from "../object/index.ts";

/**
 * One row for the handle, one for each task, one for each input; no index, because there are few. `recent` has the ids of the last changes of
 * the state, each with the version that it made. An input of the handle itself has an empty `task`.
 */
export const HANDLE_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "handles",
    up: `CREATE TABLE mcp_handle (
      id INTEGER PRIMARY KEY CHECK (id = 1), subject TEXT, ttl_ms INTEGER NOT NULL, version INTEGER NOT NULL,
      updated_at INTEGER NOT NULL, state TEXT NOT NULL, recent TEXT NOT NULL
    );
    CREATE TABLE mcp_tasks (
      id TEXT PRIMARY KEY, status TEXT NOT NULL, message TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
      ttl_ms INTEGER NOT NULL, poll_ms INTEGER, result TEXT, error TEXT
    ) WITHOUT ROWID;
    CREATE TABLE mcp_inputs (
      task TEXT NOT NULL, key TEXT NOT NULL, updated_at INTEGER NOT NULL, request TEXT NOT NULL, result TEXT,
      PRIMARY KEY (task, key)
    ) WITHOUT ROWID`,
  },
];
