/** Brings a stored digest up to date by the changes that were told since: what a query answered last, without running it. */

import type { JsonObject, QueryChange, RowsDelta } from "../protocol/index.ts";
import { rowKeyText } from "../protocol/index.ts";
import { quickDigest } from "./digest.ts";
import type { ResultDigest, ResultShape } from "./result.ts";
import { errorDigest, resultOf } from "./result.ts";

/** The digest after changes. */
export function digestAfter(
  before: ResultDigest,
  changes: readonly QueryChange[],
  shape: Pick<ResultShape, "key" | "seed">,
): ResultDigest {
  const last = changes.findLastIndex((change) => !("delta" in change));
  const rebased = changes[last];
  const rows = new DigestedRows(rebased === undefined ? before : rebasedOn(rebased, shape), shape);
  for (const change of changes.slice(last + 1)) if ("delta" in change) rows.apply(change.delta);
  return changes.length > last + 1 ? rows.digest : rows.before;
}

function rebasedOn(change: QueryChange, shape: Pick<ResultShape, "key" | "seed">): ResultDigest {
  if ("snapshot" in change)
    return resultOf(change.snapshot, {
      ...shape,
      limits: { resultRows: Infinity, resultUnits: Infinity },
    }).digest;
  return errorDigest(change, shape.seed);
}

/** Digests of rows in their order, which deltas change in place. */
class DigestedRows {
  readonly before: ResultDigest;
  readonly #shape: Pick<ResultShape, "key" | "seed">;
  readonly #keys: string[];
  readonly #digests: Map<string, number>;

  constructor(before: ResultDigest, shape: Pick<ResultShape, "key" | "seed">) {
    this.before = before;
    this.#shape = shape;
    this.#digests = new Map(typeof before === "number" ? [] : before);
    this.#keys = [...this.#digests.keys()];
  }

  get digest(): ResultDigest {
    return new Map(this.#keys.map((key) => [key, this.#digests.get(key) ?? 0]));
  }

  apply({ update = [], delete: gone = [], move = [], insert = [] }: RowsDelta): void {
    for (const row of update) this.#put(row);
    for (const key of gone) this.#digests.delete(this.#takeOut(JSON.stringify(key)));
    const moved = move.map(({ key, at }) => ({ at, key: this.#takeOut(JSON.stringify(key)) }));
    const added = insert.map(({ at, row }) => ({ at, key: this.#put(row) }));
    for (const { at, key } of [...moved, ...added].toSorted((a, b) => a.at - b.at))
      this.#keys.splice(at, 0, key);
  }

  #put(row: JsonObject): string {
    const key = rowKeyText(row, this.#shape.key) ?? "";
    this.#digests.set(key, quickDigest(JSON.stringify(row), this.#shape.seed));
    return key;
  }

  #takeOut(key: string): string {
    this.#keys.splice(this.#keys.indexOf(key), 1);
    return key;
  }
}
