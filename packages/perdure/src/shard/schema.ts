import type { Migration } from "../object/index.ts";

/** The tables of live queries. Names of the library begin with `perdure_`, so that they meet none of the app's. */
export const SHARD_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "live queries",
    // A commit is one row. What a query answered is stored when the commits that it was told are about to be forgotten.
    up: `CREATE TABLE perdure_shard (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE perdure_commits (position INTEGER PRIMARY KEY, changes TEXT NOT NULL);
      CREATE TABLE perdure_queries (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL, args TEXT NOT NULL, identity TEXT NOT NULL, known_since INTEGER NOT NULL,
        idle_since INTEGER, touched INTEGER NOT NULL, footprint TEXT NOT NULL, checkpoint INTEGER NOT NULL, digest TEXT NOT NULL
      )`,
  },
];

/** Whether a table is the library's: what it holds changes without a word to live queries, so handlers keep out. */
export function isOwnTable(table: string): boolean {
  return /^(?:perdure_|commands$|timers$|dead_timers$)/i.test(table);
}
