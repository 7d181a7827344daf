import type { RowCounts, Sql, SqlRow, SqlValue } from "../../src/object/index.ts";

/** A database that is there for as long as the object's memory lives. */
export class LivingSql implements Sql {
  readonly #sql: Sql;
  readonly #isAlive: () => boolean;

  constructor(sql: Sql, isAlive: () => boolean) {
    this.#sql = sql;
    this.#isAlive = isAlive;
  }

  get counts(): RowCounts {
    return this.#sql.counts;
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    this.#ensureAlive();
    return this.#sql.run<Row>(query, ...bindings);
  }

  script(statements: string): void {
    this.#ensureAlive();
    this.#sql.script(statements);
  }

  transaction<T>(work: () => T): T {
    this.#ensureAlive();
    return this.#sql.transaction(work);
  }

  #ensureAlive(): void {
    if (!this.#isAlive()) throw new Error("There is no storage.");
  }
}
