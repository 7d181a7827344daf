/** What statements read and write, from their programs; each text is looked at once. */

import type { Sql, SqlValue } from "../object/index.ts";
import type { Programs } from "./bytecode.ts";
import { openedBy, programsOf, writesAnything, writtenBy } from "./bytecode.ts";
import { Catalog } from "./catalog.ts";
import type { RowsRead } from "./read-set.ts";
import { readsOf } from "./read-set.ts";
import { isOwnTable } from "./schema.ts";
import type { Statement } from "./statement.ts";
import { parseStatement, refused } from "./statement.ts";
import type { WritePlan } from "./write-set.ts";
import { writesOf } from "./write-set.ts";

/** What is known of a statement, whatever its bindings. */
export interface Analysis {
  readonly statement: Statement;
  /** What it reads, where it changes nothing. */
  readonly reads: readonly RowsRead[];
  readonly writes: WritePlan | undefined;
}

/** Texts that are remembered; an app has its statements in its code, so this is only a bound. */
const MAX_REMEMBERED = 1_000;

/** The statements of one database, whose schema stays as it is. */
export class Analyses {
  readonly #sql: Sql;
  readonly #known = new Map<string, Analysis>();
  readonly #valid = new Map<string, boolean>();
  #catalog: Catalog | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * @throws PerdureError `bad_statement` for what a handler may not run. What SQLite does not understand is thrown as it comes.
   */
  of(text: string, bindings: readonly SqlValue[]): Analysis {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const statement = parseStatement(text);
    const made = this.#analyse(statement, programsOf(this.#sql, statement, bindings));
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(text, made);
    return made;
  }

  /** Whether SQLite understands a statement that was made here. */
  isValid(text: string, bindings: readonly SqlValue[]): boolean {
    const known = this.#valid.get(text);
    if (known !== undefined) return known;
    let isValid = true;
    try {
      this.#sql.run(`EXPLAIN ${text}`, ...bindings);
    } catch {
      isValid = false;
    }
    if (this.#valid.size >= MAX_REMEMBERED) this.#valid.clear();
    this.#valid.set(text, isValid);
    return isValid;
  }

  #analyse(statement: Statement, programs: Programs): Analysis {
    this.#catalog ??= new Catalog(this.#sql);
    const catalog = this.#catalog;
    for (const one of programs.flat()) {
      const table = openedBy(one, catalog)?.table ?? writtenBy(one, catalog) ?? "";
      if (isOwnTable(table))
        throw refused(`the table ${table} is the library's; handlers use tables of their own`);
    }
    if (writesAnything(programs))
      return { statement, reads: [], writes: writesOf(statement, programs, catalog) };
    return { statement, reads: readsOf(programs[0] ?? [], catalog), writes: undefined };
  }
}
