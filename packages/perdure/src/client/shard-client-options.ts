/** What a client of a shard is given, and what it shows. */

import type { PerdureError, Problem } from "../protocol/index.ts";
import type { LinkState } from "./client-state.ts";
import type { WebSocketConstructor } from "./dialer.ts";
import type { TokenSource } from "./link.ts";
import type { OutboxStore, PendingCommand } from "./outbox-store.ts";
import type {
  MutationArgs,
  MutationName,
  QueryArgs,
  QueryName,
  QueryValue,
  ShardFunctionTypes,
} from "./shard-types.ts";

/** Which shard, and how. */
export interface ShardClientOptions<Shard extends ShardFunctionTypes = ShardFunctionTypes> {
  /**
   * Where `shardRoutes` is, such as `https://example.com/shard`; a path is one of the page's origin. Who connects is shown by a cookie or
   * `token`, never by the address. Default: `/shard`.
   */
  readonly url?: string;
  /** The shard's name: what `shardBy` makes of the arguments. Default: the root. */
  readonly shard?: string;
  /** A bearer token, or a function that is asked for one before each connection; it travels as a subprotocol. Default: the page's cookies. */
  readonly token?: TokenSource;
  /**
   * Where mutations wait for their answers: `storageOutboxStore(localStorage, "board b1")` keeps them over a reload. Default: memory. A
   * mutation is sent for the identity alone for which it was asked: after a reload it is pending once the shard has said who this is.
   */
  readonly outbox?: OutboxStore<ShardCall>;
  /** What each mutation shows before it is answered, unless its call says otherwise; after a reload, too. */
  readonly optimistic?: OptimisticUpdates<Shard>;
  /** How long a query is followed that nobody listens to any more, in milliseconds. Default: 1,000. */
  readonly lingerMs?: number;
  /** Default: the global `WebSocket`. Node 20 has none: pass the one of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** From 0 up to 1, for the jitter of reconnects. Default: `Math.random`. */
  readonly random?: () => number;
}

/** A mutation as it waits. */
export interface ShardCall {
  /** Such as `mutations.addTask`. */
  readonly functionPath: string;
  /** A copy; JSON. */
  readonly args?: unknown;
  /** For whom it was asked, as the shard's `welcome` says it; missing: nobody was welcome yet. */
  readonly who?: string | undefined;
}

/** A mutation that has no answer yet. */
export type PendingMutation = PendingCommand<ShardCall>;

/** What a page draws of the connection, as one immutable value. */
export interface ShardClientState {
  /** As of a session's client; `live` when every query that was asked for first is here. */
  readonly link: LinkState;
  /** Why the server closed the link for good. */
  readonly problem: Problem | undefined;
  /** Mutations without an answer, oldest first. */
  readonly pending: readonly PendingMutation[];
}

/**
 * A query's result, as one immutable value. Rows that did not change are the same objects as before.
 * - `loading`: nothing is here yet.
 * - `live`: all that was committed and concerns it is here.
 * - `stale`: what was last known; the link is down.
 * - `failed`: the query fails or was refused, or the link is closed for good; `error` says why.
 */
export interface ShardView<Value = unknown> {
  readonly status: "loading" | "live" | "stale" | "failed";
  /**
   * The result, with what mutations that have no answer yet do to it. Undefined before the first, and where the identity may not see it
   * any more; while a query fails, the last one.
   */
  readonly value: Value | undefined;
  /** Why it has failed. */
  readonly error: PerdureError | undefined;
}

/** A query, to look at and to listen to. */
export interface ShardWatch<Value> {
  /** The result as it is known now; the same object until something changes. May be passed on unbound. */
  readonly get: () => ShardView<Value>;
  /** Calls back after each change, and follows the query for as long. May be passed on unbound. @returns A function that ends this. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** What an optimistic update works on. */
export interface OptimisticViews<Shard extends ShardFunctionTypes> {
  /** A query's result as it is shown now; undefined where none is here. */
  get<Name extends QueryName<Shard>>(
    query: Name,
    args: QueryArgs<Shard, Name>,
  ): QueryValue<Shard, Name> | undefined;
  /**
   * Shows another result of a query until the mutation is refused, or the server's result has what it did.
   *
   * @param change Makes the result anew and changes nothing itself: it is called for each result that the server sends meanwhile, and not
   *   where there is none.
   */
  update<Name extends QueryName<Shard>>(
    query: Name,
    args: QueryArgs<Shard, Name>,
    change: (value: QueryValue<Shard, Name>) => QueryValue<Shard, Name>,
  ): void;
}

/** What mutations show before they are answered, by name. */
export type OptimisticUpdates<Shard extends ShardFunctionTypes> = {
  readonly [Name in MutationName<Shard>]?: (
    views: OptimisticViews<Shard>,
    args: MutationArgs<Shard, Name>,
  ) => void;
};

/** How a mutation is called. */
export interface MutateOptions<Shard extends ShardFunctionTypes> {
  /** Its id for good, 1 to 128 printable ASCII characters: called again with it, it has its effect once. Default: a new one. */
  readonly id?: string | undefined;
  /** What it shows before it is answered. Default: as `optimistic` of the client says. */
  readonly optimistic?: ((views: OptimisticViews<Shard>) => void) | undefined;
}
