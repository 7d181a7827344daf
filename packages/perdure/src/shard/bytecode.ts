/** A statement's program, as `EXPLAIN` lists it (https://sqlite.org/opcode.html). */

import type { Sql, SqlValue } from "../object/index.ts";
import type { Catalog, Stored } from "./catalog.ts";
import { EVERYTHING } from "./footprint.ts";
import type { Statement } from "./statement.ts";

/** One instruction. */
export interface Instruction {
  readonly addr: number;
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
  readonly p4: string | null;
  readonly p5: number;
}

/** What a cursor may stand on that nothing is known of. */
export const UNKNOWN: Stored = { table: EVERYTHING, columns: [] };

/** A flag of `OpenRead` and `OpenWrite`: the root page is in a register. */
const ROOT_IN_REGISTER = 0x10;

/** A statement's own program, then those of the triggers and foreign keys that it sets off. */
export type Programs = readonly (readonly Instruction[])[];

/** Has SQLite compile a statement, without running it. */
export function programsOf(
  sql: Sql,
  statement: Statement,
  bindings: readonly SqlValue[],
): Programs {
  const programs: Instruction[][] = [];
  const rows = sql.run<{ [Field in keyof Instruction]: Instruction[Field] }>(
    `EXPLAIN ${statement.text}`,
    ...bindings,
  );
  for (const row of rows) {
    // Each program counts its own addresses.
    if (row.addr === 0) programs.push([]);
    programs.at(-1)?.push(row);
  }
  return programs;
}

/** Whether a program changes anything. */
export function writesAnything(programs: Programs): boolean {
  return programs.some((program) =>
    program.some(
      ({ opcode, p2 }) => (opcode === "Transaction" && p2 !== 0) || opcode === "OpenWrite",
    ),
  );
}

/** What a cursor is opened on; undefined for an instruction that opens none on the database. */
export function openedBy(
  { opcode, p2, p3, p5 }: Instruction,
  catalog: Catalog,
): Stored | undefined {
  if (opcode === "VOpen") return catalog.hasVirtualTables ? UNKNOWN : undefined;
  if (opcode !== "OpenRead" && opcode !== "ReopenIdx" && opcode !== "OpenWrite") return undefined;
  const isKnown = p3 === 0 && (p5 & ROOT_IN_REGISTER) === 0;
  return (isKnown ? catalog.at(p2) : undefined) ?? UNKNOWN;
}

/** The table that an instruction changes; undefined for one that changes none. */
export function writtenBy(instruction: Instruction, catalog: Catalog): string | undefined {
  const { opcode, p1 } = instruction;
  if (opcode === "OpenWrite") return openedBy(instruction, catalog)?.table;
  // A table that is emptied is not opened.
  if (opcode === "Clear") return catalog.at(p1)?.table ?? EVERYTHING;
  return opcode === "VUpdate" ? EVERYTHING : undefined;
}
