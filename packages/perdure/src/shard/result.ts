/** A query's result: its text for clients, and its digests, by which it is compared with the next one. */

import type { QueryChange } from "../protocol/index.ts";
import { isObject, PerdureError, rowKeyText } from "../protocol/index.ts";
import { quickDigest } from "./digest.ts";

/** Most rows of a result, and its largest size in UTF-16 units of JSON. */
export interface ResultLimits {
  readonly resultRows: number;
  readonly resultUnits: number;
}

/**
 * What is kept of a result: the digest of each row by its key, in the order of the rows; or, where rows have no keys, one of all.
 */
export type ResultDigest = ReadonlyMap<string, number> | number;

/** A digest as text, with what stands between it and the next. */
const DIGEST_UNITS = 18;

/** Keys and digests are one value of a row, which has at most 2 MB: three bytes for a unit. A longer result is sent whole. */
const MAX_KEYED_UNITS = 600_000;

/** A result that has just been computed. */
export interface Result {
  readonly digest: ResultDigest;
  /** Its JSON. */
  readonly text: string;
  /** The JSON of each row by its key, where rows have keys. */
  readonly rows: ReadonlyMap<string, string>;
}

/** How results of a query are looked at. */
export interface ResultShape {
  /** Key columns. */
  readonly key: readonly string[];
  readonly seed: number;
  readonly limits: ResultLimits;
}

/**
 * Writes a result and takes its digests.
 *
 * @throws PerdureError `too_large`; TypeError for what JSON would silently change.
 */
export function resultOf(value: unknown, shape: ResultShape): Result {
  const { limits, seed } = shape;
  if (Array.isArray(value) && value.length > limits.resultRows)
    throw new PerdureError(
      "too_large",
      `A query's result has at most ${limits.resultRows} rows; add a LIMIT, or ask for a page.`,
    );
  const rows = keyedRows(value, shape);
  const text = rows === undefined ? textOf(value) : `[${[...rows.values()].join(",")}]`;
  if (text.length > limits.resultUnits)
    throw new PerdureError(
      "too_large",
      `A query's result has at most ${limits.resultUnits} characters of JSON; ask for fewer rows or columns.`,
    );
  if (rows === undefined) return { digest: quickDigest(text, seed), text, rows: new Map() };
  const digest = new Map([...rows].map(([key, row]) => [key, quickDigest(row, seed)]));
  return { digest, text, rows };
}

/** The JSON of each row by its key; undefined where a row has none, or the same as another, or they are too many. */
function keyedRows(value: unknown, { key }: ResultShape): Map<string, string> | undefined {
  if (!Array.isArray(value)) return undefined;
  const rows = new Map<string, string>();
  let units = 0;
  for (const row of value) {
    const text = rowKeyText(row, key);
    units += (text?.length ?? 0) + DIGEST_UNITS;
    if (text === undefined || units > MAX_KEYED_UNITS) return undefined;
    rows.set(text, textOf(row));
  }
  return rows.size === value.length ? rows : undefined;
}

function textOf(value: unknown): string {
  const values = isObject(value) ? Object.values(value) : [value];
  if (values.some((one) => one instanceof ArrayBuffer || ArrayBuffer.isView(one)))
    throw new TypeError(
      "A query's result is JSON, which has no bytes: select `hex(column)`, or leave the column out.",
    );
  return JSON.stringify(value) ?? "null";
}

/** What takes one result to the next, as JSON of a `QueryChange`; undefined where they are equal. */
export function changeBetween(before: ResultDigest, after: Result): string | undefined {
  const { digest, rows, text } = after;
  const snapshot = `{"snapshot":${text}}`;
  if (typeof before === "number" || typeof digest === "number")
    return before === digest ? undefined : snapshot;
  const removed = [...before.keys()].filter((key) => !digest.has(key));
  const updated: string[] = [];
  const inserted: string[] = [];
  const moved: string[] = [];
  const staying = stayingKeys(before, digest);
  let at = 0;
  for (const [key, row] of rows) {
    const old = before.get(key);
    if (old === undefined) inserted.push(`{"at":${at},"row":${row}}`);
    else {
      if (old !== digest.get(key)) updated.push(row);
      if (staying !== undefined && !staying.has(key)) moved.push(`{"key":${key},"at":${at}}`);
    }
    at += 1;
  }
  const lists = Object.entries({ delete: removed, update: updated, move: moved, insert: inserted })
    .filter(([, items]) => items.length > 0)
    .map(([name, items]) => `"${name}":[${items.join(",")}]`);
  if (lists.length === 0) return undefined;
  const delta = `{"delta":{${lists.join(",")}}}`;
  return delta.length < snapshot.length ? delta : snapshot;
}

/** Keys that need not move: a longest run of keys in the same order in both; undefined where that is all of them. */
function stayingKeys(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlySet<string> | undefined {
  const old = [...before.keys()].filter((key) => after.has(key));
  const common = [...after.keys()].filter((key) => before.has(key));
  const places = new Map(common.map((key, place) => [key, place]));
  const order = old.map((key) => places.get(key) ?? 0);
  if (order.every((place, index) => place === index)) return undefined;
  return new Set(longestRise(order).map((place) => common[place] ?? ""));
}

/** A longest rising subsequence (Fredman 1975), in n log n. */
function longestRise(numbers: readonly number[]): readonly number[] {
  /** For each length, where the run of that length with the smallest end ends. */
  const ends: number[] = [];
  const previous: number[] = [];
  numbers.forEach((number, index) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[ends[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    previous[index] = ends[low - 1] ?? -1;
    ends[low] = index;
  });
  const rise: number[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1)
    rise.push(numbers[index] ?? 0);
  return rise.toReversed();
}

/** A query that fails has a digest too: told once, and again only when the error is another. */
export function errorDigest(change: QueryChange, seed: number): number {
  return quickDigest(JSON.stringify(change), seed);
}
