/**
 * Which rows a program reads: all of a table, or only those that have certain values in the columns of an index.
 *
 * Rows are known where every move of a cursor is bounded: each seek and each check after it compare the same columns, from the
 * first on, with the same constant or binding. Then no row outside of these values is looked at, and none that is written there can
 * change the result. Whatever is not recognized reads the whole table.
 */

import type { SqlValue } from "../object/index.ts";
import type { Instruction } from "./bytecode.ts";
import { openedBy, UNKNOWN } from "./bytecode.ts";
import type { Catalog, Stored } from "./catalog.ts";
import type { Rows } from "./footprint.ts";
import { EVERYTHING, ROWID, valuesText } from "./footprint.ts";
import { isOnCursor, registersWritten } from "./opcodes.ts";

/** Where a value comes from that is the same for all of a run. */
type Source = { readonly binding: number } | { readonly constant: SqlValue };

/** Rows that a statement reads, whatever its bindings are. */
export interface RowsRead {
  readonly table: string;
  /** Columns whose values are known, with where those come from; none for the whole table. */
  readonly columns: readonly string[];
  readonly sources: readonly Source[];
}

/** The rows that are read with these bindings. */
export function rowsWith(
  { table, columns, sources }: RowsRead,
  bindings: readonly SqlValue[],
): Rows {
  if (columns.length === 0) return [table];
  const values = sources.map((source) =>
    "binding" in source ? (bindings[source.binding - 1] ?? null) : source.constant,
  );
  return [table, columns, valuesText(values)];
}

/** What may be done to a cursor where it stands. */
const STANDING = new Set(
  "OpenRead ReopenIdx Close ColumnsUsed CursorHint Column Rowid IdxRowid RowData NullRow IfNullRow FinishSeek SeekHit".split(
    " ",
  ),
);
const SEEKS = new Set(["SeekGE", "SeekGT", "SeekLE", "SeekLT"]);
const CHECKS = new Set(["IdxGT", "IdxGE", "IdxLT", "IdxLE"]);

/** What a reading program reads. */
export function readsOf(program: readonly Instruction[], catalog: Catalog): readonly RowsRead[] {
  const opened = Map.groupBy(
    program.filter((one) => openedBy(one, catalog) !== undefined),
    ({ p1 }) => p1,
  );
  const registers = new Registers(program);
  return [...opened].flatMap(([cursor, openings]) => {
    const [first = UNKNOWN, ...more] = openings.map((one) => openedBy(one, catalog));
    const uses = program.filter((one) => isOnCursor(one, cursor));
    const isOne = more.every((other) => other === first);
    const known =
      isOne && registers.areKnown ? rowsOf({ cursor, uses, program, registers }, first) : undefined;
    if (known !== undefined) return known;
    return [first, ...more].map((stored) => whole(stored?.table ?? EVERYTHING));
  });
}

function whole(table: string): RowsRead {
  return { table, columns: [], sources: [] };
}

/** A cursor, and all that is done to it. */
interface Cursor {
  readonly cursor: number;
  readonly uses: readonly Instruction[];
  readonly program: readonly Instruction[];
  readonly registers: Registers;
}

/** The rows that a cursor stands on; undefined where they are not known. */
function rowsOf(cursor: Cursor, { table, columns }: Stored): readonly RowsRead[] | undefined {
  if (columns.length === 1 && columns[0] === ROWID) return numberedRows(cursor, table);
  const sources = boundsOf(cursor);
  const named: string[] = [];
  for (const column of columns.slice(0, sources.length)) {
    if (column === undefined) break;
    named.push(column);
  }
  return named.length === 0
    ? undefined
    : [{ table, columns: named, sources: sources.slice(0, named.length) }];
}

/** Rows of a table that are sought by their numbers: constants, or what an index says, whose own cursor is looked at. */
function numberedRows(
  { cursor, uses, registers }: Cursor,
  table: string,
): readonly RowsRead[] | undefined {
  const rows: RowsRead[] = [];
  let isPlaced = false;
  for (const use of uses) {
    if (STANDING.has(use.opcode)) continue;
    const isByIndex = use.opcode === "DeferredSeek" && use.p3 === cursor && use.p1 !== cursor;
    const isByNumber = use.opcode === "SeekRowid" || use.opcode === "NotExists";
    if (!isByIndex && !isByNumber) return undefined;
    isPlaced = true;
    if (isByIndex || registers.writerOf(use.p3)?.opcode === "IdxRowid") continue;
    const source = registers.sourceOf(use.p3);
    if (source === undefined) return undefined;
    rows.push({ table, columns: [ROWID], sources: [source] });
  }
  return isPlaced ? rows : undefined;
}

/** What the first columns of an index are equal to, wherever its cursor stands. */
function boundsOf({ cursor, uses, program, registers }: Cursor): readonly Source[] {
  const bounds: (readonly Source[])[] = [];
  let isChecked = false;
  for (const use of uses) {
    const { opcode, addr, p2 } = use;
    if (opcode === "DeferredSeek" ? use.p1 === cursor : STANDING.has(opcode)) continue;
    if (opcode === "Next" || opcode === "Prev") {
      const target = program[p2];
      if (target === undefined || !CHECKS.has(target.opcode) || target.p1 !== cursor) return [];
    } else if (SEEKS.has(opcode)) {
      // Nothing is read between a seek and its check.
      const next = uses.find((one) => one.addr > addr && one.opcode !== "SeekHit");
      if (next === undefined || !CHECKS.has(next.opcode)) return [];
      bounds.push(registers.sourcesOf(use));
    } else if (CHECKS.has(opcode)) {
      isChecked = true;
      bounds.push(registers.sourcesOf(use));
    } else return [];
  }
  const [first = [], ...others] = bounds;
  if (!isChecked) return [];
  const differs = first.findIndex((source, index) =>
    others.some((other) => JSON.stringify(other[index]) !== JSON.stringify(source)),
  );
  return differs === -1 ? first : first.slice(0, differs);
}

/** The registers of a program, with who writes each. */
class Registers {
  /** Whether every instruction of the program is known. */
  readonly areKnown: boolean;
  readonly #writers = new Map<number, Instruction[]>();

  constructor(program: readonly Instruction[]) {
    let areKnown = true;
    for (const one of program) {
      const written = registersWritten(one);
      if (written === undefined) areKnown = false;
      for (const [first, count] of written ?? [])
        for (let register = first; register < first + count; register += 1)
          this.#writers.set(register, [...(this.#writers.get(register) ?? []), one]);
    }
    this.areKnown = areKnown;
  }

  /** The only instruction that writes a register. */
  writerOf(register: number): Instruction | undefined {
    const writers = this.#writers.get(register) ?? [];
    return writers.length === 1 ? writers[0] : undefined;
  }

  /** Where a register's value comes from, if that is the same for all of a run. */
  sourceOf(register: number): Source | undefined {
    const writer = this.writerOf(register);
    switch (writer?.opcode) {
      case "Variable":
        return { binding: writer.p1 };
      case "Integer":
        return { constant: writer.p1 };
      case "Int64":
      case "Real":
      case "String8":
        return { constant: writer.p4 };
      case "Null":
        return { constant: null };
      case "SCopy":
      case "IntCopy":
        return this.sourceOf(writer.p1);
      case "Copy":
        return writer.p3 === 0 ? this.sourceOf(writer.p1) : undefined;
      default:
        return undefined;
    }
  }

  /** Where the values of a key come from, up to the first that is not known: its registers begin at `p3`, and are as many as `p4` says. */
  sourcesOf({ p3, p4 }: Instruction): readonly Source[] {
    const sources: Source[] = [];
    for (let index = 0; index < Number(p4); index += 1) {
      const source = this.sourceOf(p3 + index);
      if (source === undefined) break;
      sources.push(source);
    }
    return sources;
  }
}
