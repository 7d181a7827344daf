/** SQL as handlers get it: every statement is watched. */

import type { Sql, SqlRow, SqlValue } from "../object/index.ts";
import type { Analyses } from "./analysis.ts";
import type { RowSet } from "./footprint.ts";
import { rowsWith } from "./read-set.ts";
import { refused } from "./statement.ts";
import type { WritePlan } from "./write-set.ts";
import { askingFor, changedRows, withoutAnswers } from "./write-set.ts";

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
type Run = (statement: string, bindings: readonly SqlValue[]) => readonly SqlRow[];

/** Lists of columns by which live queries read a table. */
export type ColumnsOf = (table: string) => readonly (readonly string[])[];

/** What a query's handler gets; what it reads is added to `reads`. */
export function querySql(sql: Sql, analyses: Analyses, reads: RowSet): QuerySql {
  return asQuerySql((text, bindings) => {
    const analysis = analyses.of(text, bindings);
    if (analysis.writes !== undefined)
      throw refused("a query only reads; declare a mutation for what writes");
    for (const rows of analysis.reads) reads.add(rowsWith(rows, bindings));
    return sql.run(analysis.statement.text, ...bindings);
  });
}

/** What a mutation's handler gets; what it changes is added to `writes`. */
export function mutationSql(
  sql: Sql,
  analyses: Analyses,
  writes: RowSet,
  columnsOf: ColumnsOf,
): MutationSql {
  const run: Run = (text, bindings) => {
    const { statement, writes: plan } = analyses.of(text, bindings);
    if (plan === undefined) return sql.run(statement.text, ...bindings);
    try {
      return runWrite(sql, statement.text, plan, { analyses, writes, columnsOf, bindings });
    } catch (error) {
      // Some of its rows may be written (OR FAIL), and the handler may go on.
      for (const table of plan.tables) writes.add([table]);
      throw error;
    }
  };
  return Object.assign(asQuerySql(run), {
    run(statement: string, ...bindings: SqlValue[]): number {
      run(statement, bindings);
      return sql.run<{ n: number }>("SELECT changes() AS n")[0]?.n ?? 0;
    },
  });
}

function runWrite(
  sql: Sql,
  text: string,
  { tables, target }: WritePlan,
  {
    analyses,
    writes,
    columnsOf,
    bindings,
  }: {
    readonly analyses: Analyses;
    readonly writes: RowSet;
    readonly columnsOf: ColumnsOf;
    readonly bindings: readonly SqlValue[];
  },
): readonly SqlRow[] {
  const asking = target && askingFor(target, columnsOf(target.name));
  const canAsk = asking !== undefined && analyses.isValid(asking.text, bindings);
  for (const table of tables) if (!canAsk || table !== target?.name) writes.add([table]);
  if (!canAsk || target === undefined) return sql.run(text, ...bindings);
  const rows = sql.run(asking.text, ...bindings);
  for (const changed of changedRows(target, asking, rows)) writes.add(changed);
  return target.isAnswering ? rows.map(withoutAnswers) : [];
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
