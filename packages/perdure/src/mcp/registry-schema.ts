/** The tables of a registry. */

import type { Migration } from "../object/index.ts";

/**
 * `mcp_sessions` has a row for each session: `joined` is the last broadcast that was before it, `behind` the first that it could not be
 * given; few are, so to keep the index up costs nothing. `mcp_followers` is asked by its URI, and by its session when that ends.
 * `mcp_broadcasts` has what is not delivered yet: `cursor` is the last session that was tried, in the order of their ids, null once all
 * were. Numbers never come again, whatever was deleted: sessions drop what they have had by them.
 */
export const REGISTRY_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "registry",
    up: `CREATE TABLE mcp_sessions (
      id TEXT PRIMARY KEY, joined INTEGER NOT NULL, behind INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX mcp_sessions_behind ON mcp_sessions (id) WHERE behind IS NOT NULL;
    CREATE TABLE mcp_followers (
      uri TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY (uri, session)
    ) WITHOUT ROWID;
    CREATE INDEX mcp_followers_by_session ON mcp_followers (session);
    CREATE TABLE mcp_broadcasts (
      number INTEGER PRIMARY KEY AUTOINCREMENT, sent_at INTEGER NOT NULL, bytes INTEGER NOT NULL, cursor TEXT, data TEXT NOT NULL
    );
    CREATE TABLE mcp_secrets (id INTEGER PRIMARY KEY CHECK (id = 1), secret TEXT NOT NULL)`,
  },
];
