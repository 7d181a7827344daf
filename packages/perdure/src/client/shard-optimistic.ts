/** What an optimistic update asks for, written down: it is made again for each result that the server sends. */

import { isObject } from "../protocol/index.ts";
import type { OptimisticViews } from "./shard-client-options.ts";
import type { OptimisticUpdate } from "./shard-layers.ts";
import type { QueryCall } from "./shard-query.ts";
import type { ShardFunctionTypes } from "./shard-types.ts";

/** A query by its name, and what tells it from others. */
export function queryCall(name: string, args: unknown): QueryCall {
  const functionPath = `queries.${name}`;
  return { functionPath, args, key: `${functionPath} ${JSON.stringify(args, withSortedKeys)}` };
}

/** @param valueOf The result of a query as it is shown now. */
export function recordUpdates<Shard extends ShardFunctionTypes>(
  run: (views: OptimisticViews<Shard>) => void,
  valueOf: (key: string) => unknown,
): readonly OptimisticUpdate[] {
  const updates: OptimisticUpdate[] = [];
  // Names and values are those of the shard's type, which is gone here.
  const views = {
    get: (name: string, args: unknown) => valueOf(queryCall(name, args).key),
    update: (name: string, args: unknown, change: OptimisticUpdate["change"]) =>
      void updates.push({ key: queryCall(name, args).key, change }),
  } as unknown as OptimisticViews<Shard>;
  run(views);
  return updates;
}

/** So that equal arguments have equal texts. */
function withSortedKeys(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
