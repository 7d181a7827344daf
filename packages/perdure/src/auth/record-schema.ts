/** The tables of auth sessions. */

import type { Migration, Schema } from "../object/index.ts";

/**
 * `token` is the SHA-256 of a token. `moved` is 1 where the session came from another object (see `placement.ts`); `auth_ended` says
 * what must not come from there any more. `auth_live` has the objects with sockets of a session, `auth_closing` those that are to
 * close them.
 */
const AUTH_SESSION_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "auth sessions",
    up: `CREATE TABLE auth_sessions (
      token TEXT PRIMARY KEY, id TEXT NOT NULL, user_id TEXT NOT NULL, created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL, ttl_ms INTEGER NOT NULL, fields TEXT NOT NULL, moved INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX auth_sessions_by_user ON auth_sessions (user_id, created_at);
    CREATE INDEX auth_sessions_by_expiry ON auth_sessions (expires_at);
    CREATE TABLE auth_ended (what TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX auth_ended_by_time ON auth_ended (until);
    CREATE TABLE auth_live (
      session TEXT NOT NULL, binding TEXT NOT NULL, object TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY (session, binding, object)
    ) WITHOUT ROWID;
    CREATE TABLE auth_closing (
      session TEXT NOT NULL, binding TEXT NOT NULL, object TEXT NOT NULL, user_id TEXT NOT NULL,
      PRIMARY KEY (session, binding, object)
    ) WITHOUT ROWID`,
  },
];

/** The schema of an object with auth sessions. */
export const AUTH_SESSION_SCHEMA: Schema = {
  owner: "auth-sessions",
  migrations: AUTH_SESSION_MIGRATIONS,
};
