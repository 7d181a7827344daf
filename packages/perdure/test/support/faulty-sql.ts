import type { RowCounts, Sql, SqlRow, SqlValue } from "../../src/object/index.ts";

/** What `FaultySql` throws: the process is dead, so nothing afterwards runs either. */
export class Crash extends Error {}

/**
 * A database whose process dies after a number of statements. A statement that is not in a transaction is kept; a
 * transaction that was open is gone.
 */
export class FaultySql implements Sql {
  readonly #sql: Sql;
  #left: number;

  constructor(sql: Sql, statements: number) {
    this.#sql = sql;
    this.#left = statements;
  }

  get counts(): RowCounts {
    return this.#sql.counts;
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    this.#step();
    return this.#sql.run<Row>(query, ...bindings);
  }

  script(statements: string): void {
    for (const statement of statements.split(";")) {
      this.#step();
      this.#sql.script(statement);
    }
  }

  transaction<T>(work: () => T): T {
    return this.#sql.transaction(() => {
      const value = work();
      this.#step();
      return value;
    });
  }

  #step(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new Crash();
  }
}
