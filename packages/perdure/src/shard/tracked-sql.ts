/** SQL as handlers get it: every statement is watched. */

import type { Sql, SqlRow, SqlValue } from "../object/index.ts";
import type { Analyses } from "./analysis.ts";
import type { RowSet } from "./footprint.ts";
import { refused } from "./statement.ts";

/**
 * Reads. As a tag it runs a statement too, whose values become bindings: ``sql<Task>`SELECT * FROM tasks WHERE board = ${board}` ``.
 * Each call runs one statement; `?` stands for a binding. Errors of SQLite come as they are.
 */
export interface QuerySql {
  <Row extends object = SqlRow>(texts: TemplateStringsArray, ...bindings: SqlValue[]): Row[];
  /** All rows. */
  all<Row extends object = SqlRow>(statement: string, ...bindings: SqlValue[]): Row[];
  /** The first row; undefined where there is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever writes a statement says what its rows are
  first<Row extends object = SqlRow>(statement: string, ...bindings: SqlValue[]): Row | undefined;
}

/** Reads and writes. Rows of `RETURNING` are answered like those of a SELECT. */
export interface MutationSql extends QuerySql {
  /** Runs a statement, and says how many rows it inserted, changed or deleted; those of triggers are not counted. */
  run(statement: string, ...bindings: SqlValue[]): number;
}

/** Runs one statement. */
type Run = (statement: string, bindings: readonly SqlValue[]) => SqlRow[];

/** What a query's handler gets; what it reads is added to `reads`. */
export function querySql(sql: Sql, analyses: Analyses, reads: RowSet): QuerySql {
  return asQuerySql((text, bindings) => {
    const { statement, writes, readTables } = analyses.of(text, bindings);
    if (writes) throw refused("a query only reads; declare a mutation for what writes");
    for (const table of readTables) reads.add([table]);
    return sql.run(statement.text, ...bindings);
  });
}

/** What a mutation's handler gets; what it changes is added to `writes`. */
export function mutationSql(sql: Sql, analyses: Analyses, writes: RowSet): MutationSql {
  const run: Run = (text, bindings) => {
    const { statement, writtenTables } = analyses.of(text, bindings);
    for (const table of writtenTables) writes.add([table]);
    return sql.run(statement.text, ...bindings);
  };
  return Object.assign(asQuerySql(run), {
    run(statement: string, ...bindings: SqlValue[]): number {
      run(statement, bindings);
      return sql.run<{ n: number }>("SELECT changes() AS n")[0]?.n ?? 0;
    },
  });
}

function asQuerySql(run: Run): QuerySql {
  // Whoever writes a statement knows the shape of its rows, and says it.
  const all = <Row>(statement: string, ...bindings: SqlValue[]) =>
    run(statement, bindings) as Row[];
  return Object.assign(
    <Row>(texts: TemplateStringsArray, ...bindings: SqlValue[]) =>
      all<Row>(texts.join("?"), ...bindings),
    {
      all,
      // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the interface has it
      first: <Row>(statement: string, ...bindings: SqlValue[]) =>
        all<Row>(statement, ...bindings)[0],
    },
  );
}
