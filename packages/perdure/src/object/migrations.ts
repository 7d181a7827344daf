/**
 * Versioned migrations. The version is kept in a table of its own, because Durable Objects refuse `PRAGMA user_version`.
 */

import { PerdureError } from "../protocol/index.ts";
import { digestOf } from "./digest.ts";
import type { Sql } from "./sql.ts";

/** One step of a schema: the long form, or the short one with only SQL. */
export type Migration =
  | {
      readonly version: number;
      readonly name: string;
      /** SQL, or a function that runs it. Synchronous; runs once, in a transaction. */
      readonly up: string | ((sql: Sql) => void);
    }
  | { readonly version: number; readonly sql: string };

/** The migrations of one owner: a room of the library, or `app` for a user's class. Versions count per owner. */
export interface Schema {
  readonly owner: string;
  readonly migrations: readonly Migration[];
}

const TABLE = `CREATE TABLE IF NOT EXISTS perdure_migrations (
  owner TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (owner, version)
) WITHOUT ROWID`;

/** Whether anything was ever migrated here. Reads only. */
export function isMigrated(sql: Sql): boolean {
  return (
    sql.run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'perdure_migrations'")
      .length > 0
  );
}

/**
 * Brings storage up to date: each missing migration in a transaction of its own, in order. Throws `broken`, before
 * anything is changed, where versions are not ascending, or where a migration that has run was edited, renamed or removed.
 */
export function migrate(sql: Sql, schemas: readonly Schema[]): void {
  sql.script(TABLE);
  for (const schema of schemas) migrateSchema(sql, schema);
}

function migrateSchema(sql: Sql, { owner, migrations }: Schema): void {
  const applied = sql.run<{ version: number; name: string; checksum: string }>(
    "SELECT version, name, checksum FROM perdure_migrations WHERE owner = ? ORDER BY version",
    owner,
  );
  const steps = migrations.map(normalize);
  steps.forEach((step, index) => {
    const before = steps[index - 1]?.version ?? 0;
    if (!Number.isSafeInteger(step.version) || step.version <= before)
      throw broken(
        owner,
        step.version,
        `versions must be whole numbers that rise; it comes after ${before}`,
      );
  });
  applied.forEach((row, index) => {
    const step = steps[index];
    if (step === undefined || step.version !== row.version)
      throw broken(
        owner,
        row.version,
        `it has run here but is not in the list any more; put "${row.name}" back`,
      );
    if (step.checksum !== row.checksum)
      throw broken(
        owner,
        row.version,
        `it was edited after it had run; undo the edit and add a new migration`,
      );
  });
  for (const step of steps.slice(applied.length)) {
    sql.transaction(() => {
      if (typeof step.up === "string") sql.script(step.up);
      else step.up(sql);
      sql.run(
        "INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES (?, ?, ?, ?)",
        owner,
        step.version,
        step.name,
        step.checksum,
      );
    });
  }
}

/** A function's text changes with the bundler, so of a function only its version and name are checked. */
function normalize(migration: Migration) {
  const { version } = migration;
  const name = "name" in migration ? migration.name : `version ${version}`;
  const up = "up" in migration ? migration.up : migration.sql;
  return {
    version,
    name,
    up,
    checksum: digestOf(typeof up === "string" ? up : `${version} ${name}`),
  };
}

function broken(owner: string, version: number, why: string): PerdureError {
  return new PerdureError("broken", `Migration ${version} of "${owner}" cannot be used: ${why}.`, {
    owner,
    version,
  });
}
