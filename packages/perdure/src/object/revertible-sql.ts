import type { RowCounts, Sql, SqlRow, SqlValue } from "./sql.ts";

/** Memory that belongs to a database: it must go back when a transaction does. */
export interface Memory {
  /** What memory holds now, as a function that brings it back. */
  mark(): () => void;
}

/** A database whose transactions take memory back with them: after one that throws, neither holds what it did. */
export class RevertibleSql implements Sql {
  readonly #sql: Sql;
  readonly #memory: Memory;

  constructor(sql: Sql, memory: Memory) {
    this.#sql = sql;
    this.#memory = memory;
  }

  get counts(): RowCounts {
    return this.#sql.counts;
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#sql.run<Row>(query, ...bindings);
  }

  script(statements: string): void {
    this.#sql.script(statements);
  }

  transaction<T>(work: () => T): T {
    const revert = this.#memory.mark();
    try {
      return this.#sql.transaction(work);
    } catch (error) {
      revert();
      throw error;
    }
  }
}
