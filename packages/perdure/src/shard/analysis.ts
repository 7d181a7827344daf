/** What statements read and write, from their programs; each text is looked at once. */

import type { Sql, SqlValue } from "../object/index.ts";
import type { Programs } from "./bytecode.ts";
import { openedBy, programsOf, writesAnything, writtenBy } from "./bytecode.ts";
import { Catalog } from "./catalog.ts";
import { isOwnTable } from "./schema.ts";
import type { Statement } from "./statement.ts";
import { parseStatement, refused } from "./statement.ts";

/** What is known of a statement, whatever its bindings. */
export interface Analysis {
  readonly statement: Statement;
  readonly writes: boolean;
  /** Tables that it opens, those that it only writes too. */
  readonly readTables: ReadonlySet<string>;
  /** Tables that it or one of its triggers changes. */
  readonly writtenTables: ReadonlySet<string>;
}

/** Texts that are remembered; an app has its statements in its code, so this is only a bound. */
const MAX_REMEMBERED = 1_000;

/** The statements of one database, whose schema stays as it is. */
export class Analyses {
  readonly #sql: Sql;
  readonly #known = new Map<string, Analysis>();
  #catalog: Catalog | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Forgets all: the schema has changed. */
  clear(): void {
    this.#known.clear();
    this.#catalog = undefined;
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

  #analyse(statement: Statement, programs: Programs): Analysis {
    this.#catalog ??= new Catalog(this.#sql);
    const catalog = this.#catalog;
    const all = programs.flat();
    const readTables = new Set(all.flatMap((one) => openedBy(one, catalog)?.table ?? []));
    const writtenTables = new Set(all.flatMap((one) => writtenBy(one, catalog) ?? []));
    const own = [...readTables, ...writtenTables].find(isOwnTable);
    if (own !== undefined)
      throw refused(`the table ${own} is the library's; handlers use tables of their own`);
    return { statement, writes: writesAnything(programs), readTables, writtenTables };
  }
}
