/** What is asked of a shard, and what it answers. */

import type { StoredChange } from "./commit-log.ts";

/** A call of a function. */
export interface ShardRequest {
  /** `queries.tasks`, `mutations.addTask`, or the name alone where only one has it. */
  readonly functionPath: string;
  /** JSON. Default: null. */
  readonly args?: unknown;
  /** Of a mutation: with it the call has its effect once, however often it comes. Best a UUIDv7. */
  readonly id?: string | undefined;
}

/** What a call was answered. */
export interface ShardAnswer {
  /** What the handler returned; null for nothing. */
  readonly value: unknown;
  /** Of a mutation, that of its commit; of a query, that of the last commit. */
  readonly position: number;
}

/** What a subscription asks for. */
export interface SubscribeRequest {
  readonly functionPath: string;
  /** JSON. Default: null. */
  readonly args?: unknown;
  /** The position up to which the subscriber has followed this query; missing where it has nothing of it. */
  readonly since?: number | undefined;
}

/** What a subscriber begins with. */
export interface Subscribed {
  /** Names the live query for as long as somebody listens. */
  readonly queryId: number;
  /** What comes later has a higher position. */
  readonly position: number;
  /** The columns that tell rows apart, which `applyDelta` needs. */
  readonly key: readonly string[];
  /**
   * `seed`: the result, as JSON. `reset`: the same, because what came after `since` is not known any more. `changes`: what came after
   * `since`, oldest first; perhaps nothing.
   */
  readonly start:
    | { readonly kind: "seed" | "reset"; readonly text: string }
    | { readonly kind: "changes"; readonly changes: readonly StoredChange[] };
}

/** What a commit changed. */
export interface ShardCommit {
  readonly position: number;
  /** For each live query that answers something else now; no two for the same. */
  readonly changes: readonly StoredChange[];
}
