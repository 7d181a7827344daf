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
      /**
       * Checksums of texts that this step had in versions that were used: a later step has made good what they did
       * differently. Default: none, so that an edited step is an error.
       */
      readonly formerly?: readonly string[];
    }
  | { readonly version: number; readonly sql: string };

/** The migrations of one owner: a room of the library, or `app` for a user's class. Versions count per owner. */
export interface Schema {
  readonly owner: string;
  /** In the order of their versions, which are whole numbers from 1. */
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
 * anything is changed, where versions do not rise, or where a migration that has run was edited, renamed or removed.
 */
export function migrate(sql: Sql, schemas: readonly Schema[]): void {
  const isNew = !isMigrated(sql);
  const missing = schemas.flatMap((schema) =>
    missingSteps(schema, isNew ? [] : appliedSteps(sql, schema.owner)),
  );
  // An object that has all its tables writes nothing when it wakes.
  if (!isNew && missing.length === 0) return;
  sql.script(TABLE);
  for (const step of missing) apply(sql, step);
}

/** A migration in its long form, with what is recorded of it. */
interface Step {
  readonly owner: string;
  readonly version: number;
  readonly name: string;
  readonly up: string | ((sql: Sql) => unknown);
  readonly checksum: string;
  readonly formerly: readonly string[];
}

/** A row of the table. */
type AppliedStep = Pick<Step, "version" | "name" | "checksum">;

function appliedSteps(sql: Sql, owner: string): readonly AppliedStep[] {
  return sql.run<AppliedStep>(
    "SELECT version, name, checksum FROM perdure_migrations WHERE owner = ? ORDER BY version",
    owner,
  );
}

/** The steps that have not run, after checking that those that have are the first of the list, unchanged. */
function missingSteps(
  { owner, migrations }: Schema,
  applied: readonly AppliedStep[],
): readonly Step[] {
  const steps = migrations.map((migration) => normalize(owner, migration));
  steps.forEach(({ version }, index) => {
    const before = steps[index - 1]?.version ?? 0;
    if (!Number.isSafeInteger(version) || version <= before)
      throw broken(
        owner,
        version,
        `versions must be whole numbers that rise; it comes after ${before}`,
      );
  });
  applied.forEach((row, index) => {
    const why = differenceOf(row, steps[index]);
    if (why !== undefined) throw broken(owner, row.version, why);
  });
  return steps.slice(applied.length);
}

/** Why a step cannot stand for the one that has run; undefined where it can. */
function differenceOf(applied: AppliedStep, step: Step | undefined): string | undefined {
  if (step === undefined || step.version !== applied.version)
    return `it has run here but is not in the list any more; put "${applied.name}" back`;
  if (step.name !== applied.name)
    return `it was renamed to "${step.name}" after it had run; name it "${applied.name}" again`;
  if (step.checksum !== applied.checksum && !step.formerly.includes(applied.checksum))
    return "it was edited after it had run; undo the edit and add a new migration";
  return undefined;
}

function apply(sql: Sql, { owner, version, name, up, checksum }: Step): void {
  sql.transaction(() => {
    if (typeof up === "string") sql.script(up);
    // What an asynchronous function does after its first `await` would be outside of the transaction.
    else if (up(sql) instanceof Promise)
      throw broken(owner, version, "its function is asynchronous; make it synchronous");
    sql.run(
      "INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES (?, ?, ?, ?)",
      owner,
      version,
      name,
      checksum,
    );
  });
}

/** A function's text changes with the bundler, so of a function only its version and name are checked. */
function normalize(owner: string, migration: Migration): Step {
  const { version } = migration;
  const name = "name" in migration ? migration.name : `version ${version}`;
  const up = "up" in migration ? migration.up : migration.sql;
  const checksum = digestOf(typeof up === "string" ? up : `${version} ${name}`);
  const formerly = ("formerly" in migration ? migration.formerly : undefined) ?? [];
  return { owner, version, name, up, checksum, formerly };
}

function broken(owner: string, version: number, why: string): PerdureError {
  return new PerdureError("broken", `Migration ${version} of "${owner}" cannot be used: ${why}.`, {
    owner,
    version,
  });
}
