/** Which table stands behind a root page: the schema as bytecode names it. */

import type { Sql } from "../object/index.ts";

/** What is stored from a root page on. */
export interface Stored {
  readonly table: string;
  /** Where it is an index. */
  readonly index?: string;
}

/** The page of the schema itself. */
const SCHEMA_ROOT = 1;

/** The tables and indexes of a database whose schema does not change. */
export class Catalog {
  readonly #byRoot = new Map<number, Stored>([[SCHEMA_ROOT, { table: "sqlite_schema" }]]);
  /** Whether there are virtual tables: nothing tells which of them a program opens. */
  readonly hasVirtualTables: boolean;

  constructor(sql: Sql) {
    const rows = sql.run<{ type: string; name: string; tbl_name: string; rootpage: number }>(
      "SELECT type, name, tbl_name, rootpage FROM sqlite_schema WHERE type IN ('table', 'index')",
    );
    for (const { type, name, tbl_name: table, rootpage } of rows)
      if (rootpage > 0)
        this.#byRoot.set(rootpage, type === "index" ? { table, index: name } : { table });
    this.hasVirtualTables = rows.some(({ rootpage }) => rootpage === 0);
  }

  /** undefined for a page that is not known. */
  at(root: number): Stored | undefined {
    return this.#byRoot.get(root);
  }
}
