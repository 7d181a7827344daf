/** Structural sharing: what is the same in two values is the same object in both. */

import { isObject, rowKeyText } from "../protocol/index.ts";

/**
 * The value `after`, with every part that equals its counterpart in `before` taken from there. Rows are found by their keys, wherever
 * they stand; all else by its place. Both are JSON, and stay as they are.
 *
 * @param columns The key columns of rows in a list at the top.
 */
export function shared(before: unknown, after: unknown, columns: readonly string[] = []): unknown {
  if (Object.is(before, after)) return before;
  if (Array.isArray(before) && Array.isArray(after)) {
    const rows = new Map(before.map((row: unknown) => [keyOf(row, columns), row]));
    const next = after.map((item: unknown, index) => {
      const key = keyOf(item, columns);
      return shared(key === undefined ? before[index] : rows.get(key), item);
    });
    const isSame = next.length === before.length && next.every((item, at) => item === before[at]);
    return isSame ? before : next;
  }
  if (!isObject(before) || !isObject(after)) return after;
  const keys = Object.keys(after);
  const next = Object.fromEntries(keys.map((key) => [key, shared(before[key], after[key])]));
  const isSame =
    keys.length === Object.keys(before).length &&
    keys.every((key) => Object.hasOwn(before, key) && next[key] === before[key]);
  return isSame ? before : next;
}

function keyOf(row: unknown, columns: readonly string[]): string | undefined {
  return columns.length === 0 ? undefined : rowKeyText(row, columns);
}
