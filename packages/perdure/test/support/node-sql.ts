import { DatabaseSync } from "node:sqlite";
import type { RowCounts, Sql, SqlRow, SqlValue } from "../../src/object/sql.ts";

/** `Sql` over `node:sqlite`. `written` counts changed rows, without the platform's extra rows for indexes. */
export class NodeSql implements Sql {
  readonly counts: RowCounts = { read: 0, written: 0 };
  readonly database: DatabaseSync;
  #depth = 0;

  constructor(path = ":memory:") {
    this.database = new DatabaseSync(path);
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    const statement = this.database.prepare(query);
    const parameters = bindings.map((value) =>
      value instanceof ArrayBuffer ? new Uint8Array(value) : value,
    );
    const rows = statement.all(...parameters) as Row[];
    this.counts.read += rows.length;
    if (/^\s*(INSERT|UPDATE|DELETE)/i.test(query))
      this.counts.written += Number(
        this.database.prepare("SELECT changes() AS n").get()?.["n"] ?? 0,
      );
    return rows;
  }

  script(statements: string): void {
    this.database.exec(statements);
  }

  transaction<T>(work: () => T): T {
    const name = `s${this.#depth}`;
    this.#depth += 1;
    this.database.exec(this.#depth === 1 ? "BEGIN" : `SAVEPOINT ${name}`);
    try {
      const value = work();
      this.database.exec(this.#depth === 1 ? "COMMIT" : `RELEASE ${name}`);
      return value;
    } catch (error) {
      this.database.exec(this.#depth === 1 ? "ROLLBACK" : `ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }
}
