/** What others call of a shard's object. */

import type { Serialized } from "../object/index.ts";
import type { Problem } from "../protocol/index.ts";
import type { ShardAnswer, ShardRequest } from "./requests.ts";
import type { ShardIdentity } from "./shard-functions.ts";
import type { MutationSql } from "./tracked-sql.ts";

/** A value, or the problem that stood in its way: an error's code does not survive a call between objects. */
export type ShardResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Problem };

/** The object of a shard, as a Worker or another object calls it. Whoever has the binding is trusted to say who asks. */
export interface ShardRpc {
  /**
   * Calls a function.
   *
   * @param identity For whom; default: nobody in particular.
   * @param sender Whose calls are counted together: too many get `rate_limited`. Default: they are not counted.
   * @returns The answer, or the problem; what a handler threw that is no `PerdureError` is `internal`, and in the object's log.
   */
  call(
    request: ShardRequest,
    identity?: ShardIdentity | null,
    sender?: string,
  ): Promise<Serialized<ShardResult<ShardAnswer>>>;
  /**
   * Calls functions in one transaction: all of them have their effect, or none.
   *
   * @param identity For whom; default: nobody in particular.
   * @param sender As of `call`; each request counts.
   * @returns The answers in order, or the problem of the first that failed.
   */
  batch(
    requests: readonly ShardRequest[],
    identity?: ShardIdentity | null,
    sender?: string,
  ): Promise<Serialized<ShardResult<readonly ShardAnswer[]>>>;
}

/** The name of the one shard of a definition without `shardBy`. */
export const ROOT_SHARD_NAME = "__root__";

/** Storage past which the root shard warns in its log, in bytes: 1 GiB, a tenth of what the platform allows. */
export const ROOT_DO_SIZE_WARN_BYTES: number = 1024 ** 3;

/** A shard, to methods of its own class. */
export interface OwnShard {
  /** The position of the last commit; 0 before the first. */
  readonly position: number;
  /** Calls a function. Throws a `PerdureError`, or what its handler throws. */
  call(request: ShardRequest, identity: ShardIdentity | null): ShardAnswer;
  /** Writes in one commit, so that live queries see it. What `work` throws undoes it; it may not be asynchronous. */
  write<T>(work: (sql: MutationSql) => T): T;
}
