/** Results of live queries, and how one becomes the next. */

import type { Problem } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";

/** What tells a row of a result apart: the value of its key column, or those of several in a list. */
export type RowKey = string | number | readonly (string | number)[];

/**
 * From one result to the next. Take out what is in `delete` and in `move`; put each row of `update` where the row of its key is, be
 * it one that moves; then put what is in `insert` and in `move` to its place, by rising `at`. A list that is missing is empty.
 */
export interface RowsDelta {
  /** Keys of rows that are gone. */
  readonly delete?: readonly RowKey[];
  /** Rows that have changed, whole. */
  readonly update?: readonly JsonObject[];
  /** Rows that have another place; `at` is their index in the new result. */
  readonly move?: readonly { readonly key: RowKey; readonly at: number }[];
  /** New rows; `at` is their index in the new result. */
  readonly insert?: readonly { readonly at: number; readonly row: JsonObject }[];
}

/** What a commit changed for a live query: some rows, all of its result, or that it fails now. */
export type QueryChange =
  | { readonly delta: RowsDelta }
  | { readonly snapshot: unknown }
  | { readonly error: Problem };

/**
 * The key of a row as text, so that equal keys are equal texts: the JSON of a `RowKey`.
 *
 * @param columns The key columns of the query.
 * @returns undefined where it is no row, or a key column holds neither a string nor a number.
 */
export function rowKeyText(row: unknown, columns: readonly string[]): string | undefined {
  if (!isObject(row)) return undefined;
  const values: unknown[] = [];
  for (const column of columns) {
    const value = row[column];
    if (typeof value !== "string" && !Number.isFinite(value)) return undefined;
    values.push(value);
  }
  return JSON.stringify(values.length === 1 ? values[0] : values);
}

/**
 * The result after a delta; the one before stays as it is, and rows that did not change are the same objects.
 *
 * @param columns The key columns of the query.
 * @throws RangeError where the delta does not belong to this result.
 */
export function applyDelta(
  rows: readonly JsonObject[],
  delta: RowsDelta,
  columns: readonly string[],
): readonly JsonObject[] {
  const byKey = new Map(rows.map((row) => [rowKeyText(row, columns), row]));
  for (const row of delta.update ?? []) {
    const key = rowKeyText(row, columns);
    if (!byKey.has(key)) throw misfit();
    byKey.set(key, row);
  }
  for (const key of delta.delete ?? []) if (!byKey.delete(JSON.stringify(key))) throw misfit();
  const moved = (delta.move ?? []).map(({ key, at }) => {
    const text = JSON.stringify(key);
    const row = byKey.get(text);
    if (row === undefined) throw misfit();
    byKey.delete(text);
    return { at, row };
  });
  const placed = [...moved, ...(delta.insert ?? [])].toSorted((a, b) => a.at - b.at);
  const kept = byKey.values();
  const length = byKey.size + placed.length;
  const next: JsonObject[] = [];
  for (const { at, row } of placed) {
    while (next.length < at) next.push(required(kept.next()));
    if (next.length !== at) throw misfit();
    next.push(row);
  }
  while (next.length < length) next.push(required(kept.next()));
  return next;
}

function required(step: IteratorResult<JsonObject, unknown>): JsonObject {
  if (step.done === true) throw misfit();
  return step.value;
}

function misfit(): RangeError {
  return new RangeError("This delta does not belong to this result; subscribe again.");
}
