/** The hook of a shard's queries. */

import { useMemo, useSyncExternalStore } from "react";
import type {
  QueryArgs,
  QueryName,
  QueryValue,
  ShardClient,
  ShardFunctionTypes,
  ShardView,
} from "../client/index.ts";
import type { PerdureError } from "../protocol/index.ts";
import type { Readable } from "./use-selected.ts";

/** What `useQuery` gives; the same object until something changes. */
export interface QueryResult<Value> {
  /** The query's result; rows that did not change are the same objects as before. Undefined before the first. */
  readonly data: Value | undefined;
  /** As of a `ShardView`; `idle` where nothing is asked for. */
  readonly status: ShardView["status"] | "idle";
  /** Why it has failed. */
  readonly error: PerdureError | undefined;
}

/**
 * Follows a query of a shard for as long as the component is there. All that ask for the same share one subscription, and show the
 * same at any moment.
 *
 * On a server, and until a page has taken over what the server drew, it is `loading`.
 *
 * @param args What the query takes; `"skip"`: nothing is asked for. They need not be the same object in each render.
 */
export function useQuery<Shard extends ShardFunctionTypes, Name extends QueryName<Shard>>(
  client: ShardClient<Shard>,
  query: Name,
  args: QueryArgs<Shard, Name> | "skip",
): QueryResult<QueryValue<Shard, Name>> {
  const key = args === "skip" ? undefined : JSON.stringify([args]);
  const source = useMemo(
    () => sourceOf(client, query, args),
    // Most components write the arguments where they use them, so that they are other ones in every render.
    // oxlint-disable-next-line react/exhaustive-deps
    [client, query, key],
  );
  return useSyncExternalStore(source.subscribe, source.get, source.getOnServer);
}

function sourceOf<Shard extends ShardFunctionTypes, Name extends QueryName<Shard>>(
  client: ShardClient<Shard>,
  query: Name,
  args: QueryArgs<Shard, Name> | "skip",
): Readable<QueryResult<QueryValue<Shard, Name>>> {
  if (args === "skip") return NONE;
  const { get, subscribe } = client.watch(query, args);
  let last: readonly [ShardView, QueryResult<QueryValue<Shard, Name>>] | undefined;
  return {
    subscribe,
    get: () => {
      const view = get();
      if (last?.[0] !== view) {
        const { value: data, status, error } = view;
        last = [view, { data, status, error }];
      }
      return last[1];
    },
    getOnServer: () => LOADING,
  };
}

const LOADING = { data: undefined, status: "loading", error: undefined } as const;

const IDLE = { ...LOADING, status: "idle" } as const;

const NONE: Readable<typeof IDLE> = {
  subscribe: () => () => {},
  get: () => IDLE,
  getOnServer: () => IDLE,
};
