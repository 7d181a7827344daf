/** Migrations for classes that want nothing else of this library. */

import { PerdureError } from "../protocol/index.ts";
import { DurableSql } from "./durable-sql.ts";
import type { Migration } from "./migrations.ts";
import { migrate } from "./migrations.ts";
import type { RowCounts, Sql, SqlRow, SqlValue } from "./sql.ts";

/** What migrations run on: `ctx.storage`, or `ctx.storage.sql` where each of them is a single statement. */
export type MigratableStorage =
  | Pick<DurableObjectStorage, "sql" | "transactionSync">
  | Pick<SqlStorage, "exec">;

/**
 * Brings the storage of any SQLite-backed Durable Object up to date: each missing migration once, in order, whole or not at
 * all. Call it in the constructor; an object that has all its tables writes nothing. Versions are kept in a table of the
 * library's, because Durable Objects refuse `PRAGMA user_version`.
 *
 * @param storage `ctx.storage`, whose transactions undo a migration that fails. `ctx.storage.sql` alone has none, so each
 *   migration must then be one SQL statement, which SQLite does whole or not at all.
 * @param migrations In the order of their versions. One that has run is never edited, renamed or removed.
 * @param owner Whose versions they are. Default: `app`, as for `static migrations`.
 * @throws PerdureError `broken`, before anything is changed, where the list is not what has run here, or a migration is not
 *   one statement and storage has no transactions. What a migration itself throws comes as it is, after it was undone.
 */
export function runMigrations(
  storage: MigratableStorage,
  migrations: readonly Migration[],
  owner = "app",
): void {
  if (!("transactionSync" in storage)) requireSingleStatements(migrations, owner);
  const sql =
    "transactionSync" in storage ? new DurableSql(storage) : new SqlWithoutTransactions(storage);
  migrate(sql, [{ owner, migrations }]);
}

/** `Sql` over `SqlStorage` alone, which can undo nothing: for what is done by one statement. */
class SqlWithoutTransactions implements Sql {
  readonly counts: RowCounts = { read: 0, written: 0 };
  readonly #sql: Pick<SqlStorage, "exec">;

  constructor(sql: Pick<SqlStorage, "exec">) {
    this.#sql = sql;
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray();
  }

  script(statements: string): void {
    this.#sql.exec(statements).toArray();
  }

  transaction<T>(work: () => T): T {
    return work();
  }
}

function requireSingleStatements(migrations: readonly Migration[], owner: string): void {
  for (const migration of migrations) {
    const up = "up" in migration ? migration.up : migration.sql;
    if (typeof up === "string" && isOneStatement(up)) continue;
    throw new PerdureError(
      "broken",
      `Migration ${migration.version} of "${owner}" cannot be used: it is more than one statement, and could be half applied. ` +
        "Pass `ctx.storage` instead of `ctx.storage.sql`: it has transactions.",
      { owner, version: migration.version },
    );
  }
}

/** Strings, quoted names and comments: a semicolon in one of these ends nothing. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\//g;

/** Whether a text is one SQL statement. In doubt it is not. */
function isOneStatement(text: string): boolean {
  const bare = text.replaceAll(QUOTED, " ");
  const triggers = bare.match(/\bTRIGGER\b/gi)?.length ?? 0;
  // The statements of a trigger stand between BEGIN and its END.
  const outer = triggers === 1 ? bare.replace(/\bBEGIN\b[^]*\bEND\b/i, " ") : bare;
  return outer.split(";").filter((part) => part.trim() !== "").length === 1;
}
