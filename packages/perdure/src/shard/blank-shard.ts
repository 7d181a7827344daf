/** A shard in whose object nothing was ever stored. */

import type { ShardAnswer, ShardRequest, Subscribed, SubscribeRequest } from "./requests.ts";
import type { FoundFunction, ShardFunctions, ShardIdentity } from "./shard-functions.ts";
import { checkedArgs } from "./shard-functions.ts";
import type { Shard } from "./shard.ts";

/** In place of a live query's id, until there is one: those of live queries begin at 1. */
export const NO_QUERY = 0;

/** What sockets ask of a shard. */
export type SocketShard = Pick<
  Shard,
  "history" | "position" | "call" | "subscribe" | "unsubscribe"
>;

/** Answers queries that say what they answer here, and stores nothing for them; for all else the shard itself wakes. */
export class BlankShard implements SocketShard {
  /** Of no storage: what was followed here is asked for without `since` when there is one. */
  readonly history = "";
  readonly position = 0;
  readonly #functions: ShardFunctions;
  readonly #wake: () => Shard;

  constructor(functions: ShardFunctions, wake: () => Shard) {
    this.#functions = functions;
    this.#wake = wake;
  }

  call(request: ShardRequest, identity: ShardIdentity | null): ShardAnswer {
    const blank = blankOf(this.#functions.find(request.functionPath), request.args);
    if (blank === undefined) return this.#wake().call(request, identity);
    return { value: blank.value, position: this.position };
  }

  subscribe(request: SubscribeRequest, identity: ShardIdentity | null): Subscribed {
    const blank = blankOf(this.#functions.find(request.functionPath), request.args);
    if (blank === undefined) return this.#wake().subscribe(request, identity);
    const text = JSON.stringify(blank.value);
    const start = { kind: request.since === undefined ? "seed" : "reset", text } as const;
    return { queryId: NO_QUERY, position: this.position, key: blank.key, start };
  }

  unsubscribe(queryId: number): void {
    if (queryId !== NO_QUERY) this.#wake().unsubscribe(queryId);
  }
}

/** What a function answers here; undefined where it does not say so. */
function blankOf(
  found: FoundFunction,
  args: unknown = null,
): { readonly value: unknown; readonly key: readonly string[] } | undefined {
  const { declared } = found;
  if (declared.kind !== "query" || declared.blank === undefined) return undefined;
  checkedArgs(found, args);
  return { value: declared.blank, key: declared.key };
}
