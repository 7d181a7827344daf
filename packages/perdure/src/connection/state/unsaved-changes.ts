import { setOwn } from "./clone-value.ts";
import { copyContainer } from "./container-copy.ts";
import type { StateChange } from "./state-store.ts";

/** What has changed in memory since the last flush, and what it takes to put it back. */
export class UnsavedChanges {
  /** What the next flush writes. */
  readonly pending = new Map<string, StateChange>();
  readonly #values: Record<PropertyKey, unknown>;
  /** All keys with their values as they were before the first change. */
  #before: ReadonlyMap<PropertyKey, unknown> | undefined;
  /** Puts containers inside of values back, each as it was before its first change. */
  readonly #inside = new Map<object, () => void>();

  constructor(values: Record<PropertyKey, unknown>) {
    this.#values = values;
  }

  /** Call before a key changes. */
  remember(): void {
    this.#before ??= new Map(Reflect.ownKeys(this.#values).map((key) => [key, this.#values[key]]));
  }

  /** Call before a container inside of a value changes. */
  rememberInside(container: object): void {
    if (!this.#inside.has(container)) this.#inside.set(container, copyContainer(container));
  }

  /** Memory is stored as it is. */
  settle(): void {
    this.pending.clear();
    this.#inside.clear();
    this.#before = undefined;
  }

  /** Puts everything back. */
  undo(): void {
    if (this.#before !== undefined) {
      // All of them, so that they are in their order again.
      for (const key of Reflect.ownKeys(this.#values)) delete this.#values[key];
      for (const [key, value] of this.#before) setOwn(this.#values, key, value);
    }
    for (const putBack of this.#inside.values()) putBack();
    this.settle();
  }

  /** Puts back what was to be stored, and only that. @returns The keys of it. */
  undoPending(): readonly string[] {
    const keys = [...this.pending.keys()];
    for (const key of keys) {
      if (this.#before?.has(key)) setOwn(this.#values, key, this.#before.get(key));
      // Without a copy of the keys only insides have changed.
      else if (this.#before !== undefined) delete this.#values[key];
    }
    for (const putBack of this.#inside.values()) putBack();
    this.#inside.clear();
    this.pending.clear();
    return keys;
  }
}
