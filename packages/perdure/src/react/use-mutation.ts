/** The hook of a shard's mutations. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type {
  MutationArgs,
  MutationName,
  MutationValue,
  OptimisticViews,
  ShardClient,
  ShardFunctionTypes,
} from "../client/index.ts";
import type { PerdureError } from "../protocol/index.ts";
import { errorOf, problemOf } from "../protocol/index.ts";

/** How a component calls a mutation. */
export interface UseMutationOptions<
  Shard extends ShardFunctionTypes,
  Name extends MutationName<Shard>,
> {
  /** What a call shows before it is answered. Default: as the client's options say. Need not be the same function in each render. */
  readonly optimistic?:
    | ((views: OptimisticViews<Shard>, args: MutationArgs<Shard, Name>) => void)
    | undefined;
}

/** What `useMutation` gives. */
export interface Mutation<Args, Value> {
  /**
   * Calls the mutation; the same function in each render. The promise may be awaited, and need not be: a refusal is in `error`, too.
   *
   * @param id As in `MutateOptions`.
   */
  readonly mutate: (args: Args, options?: { readonly id?: string }) => Promise<Value>;
  /** How many calls of this component have no answer yet. */
  readonly pending: number;
  /** Why the last call that was refused was, until the next call. */
  readonly error: PerdureError | undefined;
}

interface State {
  readonly pending: number;
  readonly error: PerdureError | undefined;
}

/** Calls a mutation of a shard: once for each call, over any loss of the connection. It goes on when the component has gone. */
export function useMutation<Shard extends ShardFunctionTypes, Name extends MutationName<Shard>>(
  client: ShardClient<Shard>,
  mutation: Name,
  { optimistic }: UseMutationOptions<Shard, Name> = {},
): Mutation<MutationArgs<Shard, Name>, MutationValue<Shard, Name>> {
  const [{ pending, error }, setState] = useState<State>({ pending: 0, error: undefined });
  const latest = useRef(optimistic);
  useEffect(() => {
    latest.current = optimistic;
  }, [optimistic]);
  const mutate = useCallback(
    (args: MutationArgs<Shard, Name>, options: { readonly id?: string } = {}) => {
      const update = latest.current;
      const answer = client.mutate(mutation, args, {
        ...options,
        optimistic: update && ((views) => update(views, args)),
      });
      setState((state) => ({ pending: state.pending + 1, error: undefined }));
      const settle = (failure: State["error"]) =>
        setState((state) => ({ pending: state.pending - 1, error: failure ?? state.error }));
      answer.then(
        () => settle(undefined),
        (reason: unknown) => settle(errorOf(problemOf(reason))),
      );
      return answer;
    },
    [client, mutation],
  );
  return useMemo(() => ({ mutate, pending, error }), [mutate, pending, error]);
}
