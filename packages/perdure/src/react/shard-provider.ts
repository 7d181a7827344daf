/** The client of a shard, for all components below. */

import type { ReactElement, ReactNode } from "react";
import { createContext, createElement, useContext, useEffect } from "react";
import type { ShardClient, ShardFunctionTypes } from "../client/index.ts";
import { PerdureError } from "../protocol/index.ts";

const ShardContext = createContext<ShardClient | undefined>(undefined);

/**
 * Has `useShard` find a client, and connects it: what an earlier page left in its outbox is sent then. Whoever made the client closes it.
 * A provider within another one is for another shard.
 */
export function ShardProvider<Shard extends ShardFunctionTypes>({
  client,
  children,
}: {
  readonly client: ShardClient<Shard>;
  readonly children?: ReactNode;
}): ReactElement {
  useEffect(() => client.connect(), [client]);
  // The type of its functions is what `useShard` is told.
  const value = client as unknown as ShardClient;
  return createElement(ShardContext.Provider, { value }, children);
}

/**
 * The client of the nearest `ShardProvider`.
 *
 * @template Shard The type of the shard's functions, which nothing checks: `useShard<Board>()`.
 * @throws PerdureError `bad_request` where there is no provider.
 */
export function useShard<Shard extends ShardFunctionTypes>(): ShardClient<Shard> {
  const client = useContext(ShardContext);
  if (client === undefined)
    throw new PerdureError("bad_request", "Put a `ShardProvider` around this component.");
  return client as unknown as ShardClient<Shard>;
}
