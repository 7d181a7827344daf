/** The small SQL interface that all rooms use, so that the same code runs in an object and over `node:sqlite`. */

/** What SQLite stores, as the platform hands it over. */
export type SqlValue = string | number | null | ArrayBuffer;

/** A row, by column name. */
export type SqlRow = Record<string, SqlValue>;

/** Rows read and written since the start, as the platform bills them. */
export interface RowCounts {
  read: number;
  /** Rows of indexes count as rows. */
  written: number;
}

/** One synchronous SQLite database. What SQLite refuses is thrown as it comes. */
export interface Sql {
  /** Runs one statement and returns all its rows. At most 100 bindings. */
  run<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Row[];
  /** Runs statements separated by semicolons, without bindings. */
  script(statements: string): void;
  /** Runs `work` in a transaction, or in a savepoint where one is open: all of it is kept, or, if it throws, none. */
  transaction<T>(work: () => T): T;
  /** What was read and written so far in this life of memory. */
  readonly counts: RowCounts;
}

/** The only row of a query that has one row at most; undefined where it has none. */
export function firstRow<Row extends SqlRow>(rows: readonly Row[]): Row | undefined {
  return rows[0];
}
