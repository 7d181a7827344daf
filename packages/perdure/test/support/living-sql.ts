import type { RowCounts, Sql, SqlRow, SqlValue } from "../../src/object/index.ts";

/** A database that is there for as long as the object's memory lives, and whose log may be full. */
export class LivingSql implements Sql {
  readonly #sql: Sql;
  readonly #isAlive: () => boolean;
  readonly #isFull: () => boolean;

  constructor(sql: Sql, is: { readonly alive: () => boolean; readonly full: () => boolean }) {
    this.#sql = sql;
    this.#isAlive = is.alive;
    this.#isFull = is.full;
  }

  get counts(): RowCounts {
    return this.#sql.counts;
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    this.#ensureAlive();
    if (this.#isFull() && query.startsWith("INSERT INTO log"))
      throw new Error("The database is full.");
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
    if (!this.#isAlive()) throw new Error("This memory is gone.");
  }
}
