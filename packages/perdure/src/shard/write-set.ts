/**
 * Which rows a statement changes: all of a table, or those that have certain values in the columns by which live queries read it.
 *
 * The values are asked of the statement itself, by `RETURNING`. A row that is deleted answers what it had, one that is inserted what it
 * has; one that is updated answers what it has, which is what it had where none of these columns is assigned. Whatever else may happen
 * to a table, by a trigger, a foreign key or REPLACE, changes all of it.
 */

import type { SqlRow } from "../object/index.ts";
import type { Programs } from "./bytecode.ts";
import { writtenBy } from "./bytecode.ts";
import type { Catalog, Table } from "./catalog.ts";
import type { Rows } from "./footprint.ts";
import { ANY_VALUES, ROWID, valuesText } from "./footprint.ts";
import type { Statement, Token } from "./statement.ts";

/** What a statement changes, whatever its bindings are. */
export interface WritePlan {
  /** All tables that it changes, those of triggers and foreign keys too. */
  readonly tables: ReadonlySet<string>;
  /** The one whose rows it can tell. */
  readonly target: Target | undefined;
}

interface Target extends Table {
  readonly name: string;
  readonly statement: Statement;
  /** Columns that existing rows get other values in, in small letters; undefined where that is not known. */
  readonly assigned: ReadonlySet<string> | undefined;
  /** Whether it has a RETURNING of its own. */
  readonly isAnswering: boolean;
}

/** SQLite's own count of row numbers. */
const SEQUENCE = "sqlite_sequence";

/** What a statement's programs change. */
export function writesOf(statement: Statement, programs: Programs, catalog: Catalog): WritePlan {
  const [own = [], ...others] = programs.map(
    (program) => new Set(program.flatMap((one) => writtenBy(one, catalog) ?? [])),
  );
  const tables = new Set([...own, ...others.flatMap((written) => [...written])]);
  const [name, second] = [...own].filter((table) => table !== SEQUENCE);
  const table = name === undefined ? undefined : catalog.table(name);
  const isOne = second === undefined && !others.some((written) => written.has(name ?? ""));
  const isAnswering = statement.tokens.some(
    (token) => token.depth === 0 && isWord(token, "returning"),
  );
  const target =
    name === undefined || table === undefined || !isOne || mayReplace(statement, table)
      ? undefined
      : { ...table, name, statement, assigned: assignedColumns(statement), isAnswering };
  return { tables, target };
}

/** Whether another row may go for the one that is written: nobody would hear what it was. */
function mayReplace({ verb, tokens }: Statement, table: Table): boolean {
  if (verb === "delete") return false;
  if (verb !== "insert" && verb !== "update") return true;
  return table.mayReplace || (isWord(tokens[1], "or") && isWord(tokens[2], "replace"));
}

/** The columns that an UPDATE, or an upsert, assigns; some more where a comparison looks like an assignment. */
function assignedColumns({ verb, tokens }: Statement): ReadonlySet<string> | undefined {
  const assigned = new Set<string>();
  let isAssigning = false;
  for (const [index, token] of tokens.entries()) {
    if (token.depth > 0) continue;
    const next = tokens[index + 1];
    if (isWord(token, "set")) isAssigning = true;
    else if (isWord(token, "where") || isWord(token, "returning")) isAssigning = false;
    else if (isAssigning && isSymbol(next, "=")) {
      // Several columns at once: `(a, b) = …`.
      if (isSymbol(token, ")")) return undefined;
      if (token.kind !== "symbol") assigned.add(token.text.toLowerCase());
    }
  }
  return verb === "update" && assigned.size === 0 ? undefined : assigned;
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === "word" && token.text === text;
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === "symbol" && token.text === text;
}

/** Columns whose values a statement is asked for, by the names of what it answers. */
export interface Asking {
  readonly text: string;
  /** Lists of columns, those that a live query reads the table by. */
  readonly lists: readonly (readonly string[])[];
  /** Those of them whose values before and after it cannot be told. */
  readonly untold: readonly (readonly string[])[];
}

/** The name of the answer that holds a column. */
function answerName(column: string): string {
  return `perdure:${column}`;
}

/** The statement that also answers the values of columns; undefined where it has none to tell. */
export function askingFor(
  target: Target,
  lists: readonly (readonly string[])[],
): Asking | undefined {
  const told = lists.filter((columns) => isTold(target, columns));
  const asked = [...new Set(told.flat())];
  if (asked.length === 0) return undefined;
  const { statement, rowid, isAnswering } = target;
  const answers = asked.map((column) => {
    const expression = column === ROWID ? (rowid ?? "") : quoted(column);
    return `${expression} AS ${quoted(answerName(column))}`;
  });
  return {
    text: `${statement.text}${isAnswering ? "," : " RETURNING"} ${answers.join(", ")}`,
    lists: told,
    untold: lists.filter((columns) => !told.includes(columns)),
  };
}

/** Whether rows answer the values of columns that they had and have. */
function isTold(
  { statement, assigned, rowid, rowidNames }: Target,
  columns: readonly string[],
): boolean {
  if (columns.includes(ROWID) && rowid === undefined) return false;
  if (statement.verb === "delete") return true;
  if (assigned === undefined) return false;
  return !columns.some((column) =>
    column === ROWID
      ? [...rowidNames].some((name) => assigned.has(name))
      : assigned.has(column.toLowerCase()),
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What a statement that was asked has changed. */
export function changedRows(
  { name }: Target,
  { lists, untold }: Asking,
  answers: readonly SqlRow[],
): readonly Rows[] {
  if (answers.length === 0) return [];
  return [
    ...untold.map((columns) => [name, columns, ANY_VALUES] as const),
    ...answers.flatMap((row) =>
      lists.map((columns) => {
        const values = columns.map((column) => row[answerName(column)] ?? null);
        return [name, columns, valuesText(values)] as const;
      }),
    ),
  ];
}

/** What a statement answered of itself, without what it was asked for. */
export function withoutAnswers<Row extends SqlRow>(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => !name.startsWith(answerName(""))),
  ) as Row;
}
