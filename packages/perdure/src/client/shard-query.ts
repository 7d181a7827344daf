/** One query that a client follows: the server's last result, and what is shown of it. */

import type { JsonObject, PerdureError, QueryChange } from "../protocol/index.ts";
import { applyDelta, errorOf } from "../protocol/index.ts";
import { Listeners } from "./listeners.ts";
import { shared } from "./shared-value.ts";
import type { ShardView } from "./shard-client-options.ts";
import type { OptimisticLayers } from "./shard-layers.ts";

/** Of a query that nothing is known of. */
export const LOADING: ShardView<never> = {
  status: "loading",
  value: undefined,
  error: undefined,
};

/** Which query. */
export interface QueryCall {
  /** The same for the same function and arguments. */
  readonly key: string;
  readonly functionPath: string;
  readonly args: unknown;
}

export class ShardQuery {
  readonly call: QueryCall;
  readonly listeners = new Listeners<readonly []>();
  /** Runs while nobody listens. */
  lingering: ReturnType<typeof setTimeout> | undefined;
  /** How many listen. */
  holders = 0;
  /** That of its subscription on the present connection, from when it is asked for. */
  id: number | undefined;
  /** Whether it is as of the connection's position. */
  isLive = false;
  /** The position of the last result, as far as it can be followed from there. */
  since: number | undefined;
  /** Why it is not followed. */
  refusal: PerdureError | undefined;
  /** The columns that tell its rows apart. */
  columns: readonly string[] = [];
  /** Why it has no result now. */
  #failure: PerdureError | undefined;
  /** The server's last result. */
  #base: { readonly value: unknown } | undefined;
  #view: ShardView = LOADING;
  #showsBase = true;
  /** What the view was made from. */
  #made: readonly unknown[] = [];

  constructor(call: QueryCall) {
    this.call = call;
  }

  get view(): ShardView {
    return this.#view;
  }

  get hasResult(): boolean {
    return this.#base !== undefined;
  }

  /** All of a result has come. */
  replace(value: unknown): void {
    this.#base = { value: shared(this.#base?.value, value, this.columns) };
    this.#failure = undefined;
  }

  /** A commit changed it. Throws RangeError for a delta that does not belong to the result. */
  apply(change: QueryChange): void {
    if ("error" in change) this.#failure = errorOf(change.error);
    else if ("snapshot" in change) this.replace(change.snapshot);
    else {
      const value = this.#base?.value;
      if (!Array.isArray(value)) throw new RangeError("A delta without rows.");
      const rows = applyDelta(value as readonly JsonObject[], change.delta, this.columns);
      this.#base = { value: rows };
      this.#failure = undefined;
    }
  }

  /** What was followed may not be shown any more. */
  forget(): void {
    this.#base = this.#failure = this.since = undefined;
  }

  /** The connection is gone. @param position What it was as of. */
  onDrop(position: number): void {
    if (this.isLive) this.since = position;
    this.isLive = false;
    this.id = undefined;
  }

  /** Makes the view anew. @returns Whether it is another one. */
  compose(layers: OptimisticLayers, position: number): boolean {
    const error = this.refusal ?? this.#failure;
    const from = [this.#base, error, this.isLive, layers.version];
    if (from.every((one, index) => one === this.#made[index])) return false;
    const value = this.#shown(layers, this.isLive ? position : (this.since ?? 0));
    this.#made = [this.#base, ...from.slice(1)];
    const resting = this.#base === undefined ? "loading" : this.isLive ? "live" : "stale";
    const status = error === undefined ? resting : "failed";
    const view = this.#view;
    if (view.status === status && view.value === value && view.error === error) return false;
    this.#view = { status, value, error };
    return true;
  }

  /** What the layers make of the result. */
  #shown(layers: OptimisticLayers, asOf: number): unknown {
    const base = this.#base;
    if (base === undefined) return undefined;
    const layered = layers.apply(this.call.key, asOf, base.value);
    const isBase = layered === base.value;
    // From one result to the next the parts are shared already.
    if (isBase && this.#showsBase) return layered;
    const value = shared(this.#view.value, layered, this.columns);
    this.#showsBase = isBase;
    if (isBase) this.#base = { value };
    return value;
  }
}
