import type { RowCounts, Sql, SqlRow, SqlValue } from "./sql.ts";

/** `Sql` over the storage of a Durable Object. */
export class DurableSql implements Sql {
  readonly counts: RowCounts = { read: 0, written: 0 };
  readonly #storage: Pick<DurableObjectStorage, "sql" | "transactionSync">;

  constructor(storage: Pick<DurableObjectStorage, "sql" | "transactionSync">) {
    this.#storage = storage;
  }

  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[] {
    const cursor = this.#storage.sql.exec<Row>(query, ...bindings);
    const rows = cursor.toArray();
    this.counts.read += cursor.rowsRead;
    this.counts.written += cursor.rowsWritten;
    return rows;
  }

  script(statements: string): void {
    const cursor = this.#storage.sql.exec(statements);
    cursor.toArray();
    this.counts.read += cursor.rowsRead;
    this.counts.written += cursor.rowsWritten;
  }

  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }
}
