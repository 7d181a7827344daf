import type { StateChange, StateStore } from "../../../src/connection/state/state-store.ts";
import { MAX_STATE_VALUE_BYTES } from "../../../src/connection/state/persisted-state.ts";
import { fromStored, toStored } from "./stored-form.ts";

/** A store that outlives the states over it, as storage does: it holds what was serialized, not what was given. */
export class MemoryStore implements StateStore {
  readonly prefix = "s:";
  /** The next transactions fail with this. */
  failure: Error | undefined;
  /** The keys that each transaction has written. */
  readonly transactions: (readonly string[])[] = [];
  readonly #rows = new Map<string, Buffer>();

  load(keys: ReadonlySet<string>): ReadonlyMap<string, StateChange> {
    return new Map(
      [...this.#rows].flatMap(([key, row]) =>
        keys.has(key) ? [[key, fromStored(row) as StateChange] as const] : [],
      ),
    );
  }

  write(changes: ReadonlyMap<string, StateChange>): void {
    if (this.failure !== undefined) throw this.failure;
    const rows = [...changes].map(([key, change]) => [key, toStored(change)] as const);
    // As in production. Here the value is in an object, for which a few bytes more are allowed.
    for (const [key, row] of rows)
      if (row.length > MAX_STATE_VALUE_BYTES + 32) throw new Error(`SQLITE_TOOBIG: ${key}`);
    this.transactions.push([...changes.keys()]);
    for (const [key, row] of rows) this.#rows.set(key, row);
  }
}
