/** The schema, as bytecode names it: which table stands behind a root page, and by which columns it is ordered. */

import type { Sql } from "../object/index.ts";
import { ROWID } from "./footprint.ts";

/** What is stored from a root page on: a table, or an index of it. */
export interface Stored {
  readonly table: string;
  /**
   * The columns by which its entries are ordered, of a table by row numbers `ROWID` alone; undefined in place of an expression and of
   * what is computed. Nothing where it is not known.
   */
  readonly columns: readonly (string | undefined)[];
}

/** What has to be known of a table to say which of its rows a statement has changed. */
export interface Table {
  /** A name of its row numbers that is no column's; undefined where there is none. */
  readonly rowid: string | undefined;
  /** Names by which a statement may change a row's number, in small letters. */
  readonly rowidNames: ReadonlySet<string>;
  /** Whether a row may take the place of another one without a word about it in the statement. */
  readonly mayReplace: boolean;
}

/** Names of row numbers; a column of the same name hides one. */
const ROWID_NAMES = ["rowid", "_rowid_", "oid"];

/** The page of the schema itself. */
const SCHEMA_ROOT = 1;

interface Entry {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: number;
  readonly sql: string | null;
}

interface Column {
  readonly table: string;
  readonly name: string;
  readonly pk: number;
  readonly hidden: number;
}

/** The tables and indexes of a database whose schema does not change. */
export class Catalog {
  readonly #byRoot = new Map<number, Stored>([
    [SCHEMA_ROOT, { table: "sqlite_schema", columns: [] }],
  ]);
  readonly #tables = new Map<string, Table>();
  /** Whether there are virtual tables: nothing tells which of them a program opens. */
  readonly hasVirtualTables: boolean;

  constructor(sql: Sql) {
    // The platform's own tables are in the list, but may not be looked at.
    const entries = sql.run<{ [Field in keyof Entry]: Entry[Field] }>(
      "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND name NOT LIKE '@_cf@_%' ESCAPE '@'",
    );
    const columns = sql.run<{ [Field in keyof Column]: Column[Field] }>(
      `SELECT m.name AS "table", x.name, x.pk, x.hidden FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x
         WHERE m.type = 'table' AND m.name NOT LIKE '@_cf@_%' ESCAPE '@'`,
    );
    // Of a table WITHOUT ROWID these are the columns of its key; of any other table there are none.
    const ordered = sql.run<{ stored: string; column: string | null }>(
      `SELECT m.name AS stored, i.name AS "column" FROM sqlite_schema m JOIN pragma_index_info(m.name) i
         WHERE m.type IN ('table', 'index') AND m.name NOT LIKE '@_cf@_%' ESCAPE '@' ORDER BY m.name, i.seqno`,
    );
    this.hasVirtualTables = entries.some(({ rootpage }) => rootpage === 0);
    const computed = new Set(
      columns.filter(({ hidden }) => hidden !== 0).map(({ table, name }) => `${table}\0${name}`),
    );
    const orders = Map.groupBy(ordered, ({ stored }) => stored);
    for (const { type, name, tbl_name: table, rootpage, sql: text } of entries) {
      const order = orders
        .get(name)
        ?.map(({ column }) =>
          column === null || computed.has(`${table}\0${column}`) ? undefined : column,
        );
      this.#byRoot.set(rootpage, { table, columns: order ?? (type === "table" ? [ROWID] : []) });
      if (type === "table")
        this.#tables.set(
          table,
          tableOf(
            columns.filter((column) => column.table === table),
            order !== undefined,
            text ?? "",
          ),
        );
    }
  }

  /** undefined for a page that is not known. */
  at(root: number): Stored | undefined {
    return this.#byRoot.get(root);
  }

  /** undefined for a table that is not known. */
  table(name: string): Table | undefined {
    return this.#tables.get(name);
  }
}

function tableOf(columns: readonly Column[], isWithoutRowid: boolean, text: string): Table {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  const rowid = isWithoutRowid ? undefined : ROWID_NAMES.find((name) => !names.has(name));
  const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => name.toLowerCase());
  return {
    rowid,
    rowidNames: new Set([...ROWID_NAMES, ...keys]),
    mayReplace: /\breplace\b/i.test(text),
  };
}
