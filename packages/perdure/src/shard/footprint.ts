/** What a query has read, and what a commit has changed: tables, or their rows of some values in some columns. */

import type { SqlValue } from "../object/index.ts";

/** In place of a table's name: any of them. */
export const EVERYTHING = "*";

/** In place of the values of columns: any of them. */
export const ANY_VALUES = "*";

/** In place of a column's name: the row's number. */
export const ROWID = ":rowid";

/** Rows of a table: all of them, or those that have these values in these columns. */
export type Rows =
  | readonly [table: string]
  | readonly [table: string, columns: readonly string[], values: string];

/** Rows that were read or changed. It is stored as JSON. */
export type Footprint = readonly Rows[];

/** Gathers what a run of a query reads, or what a commit changes. */
export class RowSet {
  readonly #whole = new Set<string>();
  readonly #some = new Map<string, Rows>();

  add(rows: Rows): void {
    if (rows.length === 1) this.#whole.add(rows[0]);
    else this.#some.set(JSON.stringify(rows), rows);
  }

  /** Without what is part of another, in an order that is the same for the same rows. */
  all(): Footprint {
    if (this.#whole.has(EVERYTHING)) return [[EVERYTHING]];
    const some = [...this.#some].filter(([, [table]]) => !this.#whole.has(table));
    return [
      ...[...this.#whole].toSorted().map((table) => [table] as const),
      ...some.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, rows]) => rows),
    ];
  }
}

/**
 * Values of columns as a text that is the same for all values that SQLite may take as equal: by a column's affinity (5 and "5") or
 * collation ("a", "A" and "a "). Values that are not equal may have the same text too: that costs a run, never a change.
 */
export function valuesText(values: readonly SqlValue[]): string {
  return JSON.stringify(values.map(valueText));
}

/** Longer texts are cut: rows whose values differ only behind are taken for the same. */
const LONGEST_VALUE = 64;

function valueText(value: SqlValue): string {
  if (value === null) return "null";
  if (typeof value === "number") return `=${value}`.toLowerCase();
  if (typeof value !== "string")
    return `x${new Uint8Array(value.slice(0, LONGEST_VALUE)).toString()}`;
  const text = value.toWellFormed().trim().toLowerCase();
  const number = text === "" ? Number.NaN : Number(text);
  return Number.isNaN(number) ? `=${text.slice(0, LONGEST_VALUE)}` : `=${number}`.toLowerCase();
}
