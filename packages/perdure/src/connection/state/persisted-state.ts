import { PerdureError } from "../../protocol/index.ts";
import { cloneValue, isObject, setOwn } from "./clone-value.ts";
import { copyContainer } from "./container-copy.ts";
import { clonedInitial, namesOf } from "./initial-values.ts";
import type { PersistError } from "./persist-error.ts";
import { notKept, persistErrorOf, siblingOf } from "./persist-error.ts";
import { serializedSize, textSize } from "./serialized-size.ts";
import type { StateChange, StateStore } from "./state-store.ts";
import type { Scope } from "./tracked.ts";
import { cloneOf, FIXED_TRAPS, trackedProxy } from "./tracked.ts";
import { isOrdinary, NOT_ORDINARY, valueIn } from "./tracked-object.ts";
import { Tracker } from "./tracker.ts";
import { UnsavedChanges } from "./unsaved-changes.ts";

/** Largest value that is kept under one key, with the key, in bytes as stored: a row of the platform has 2 MB in production. */
export const MAX_STATE_VALUE_BYTES = 2 * 1024 * 1024;

/** What a change may add to a stored value besides what comes in: numbers that count it. */
const CHANGE_BYTES = 32;

/** What a `PersistedState` is made of. */
export interface PersistedStateOptions<State extends object> {
  /** The values that a state begins with. Cloned: no two states share any of them. */
  readonly initial: State;
  /** The keys that are stored; none where undefined. A stored value wins over the initial one. */
  readonly persistedKeys?: readonly (keyof State)[] | undefined;
  /** Whether only assignments to keys themselves are seen (true, the default), or changes inside of values, too. */
  readonly shallow?: boolean | undefined;
  /** Whether a value that cannot be kept throws (true, the default), or goes to `onPersistError`. */
  readonly throwOnError?: boolean | undefined;
  /** With `throwOnError: false`, hears of each value that was not kept. By default it is logged. */
  readonly onPersistError?: ((key: string, error: PersistError) => void) | undefined;
  /** Where the keys are kept. */
  readonly store: StateStore;
}

/**
 * A state that persists itself: `proxy` is read and written like any object, `flush` stores the keys that changed, `rollback`
 * takes back what was not stored.
 *
 * A value of a persisted key is cloned and its size checked when it is assigned. Keys that do not persist hold any value as it
 * is; their assignments are rolled back, too.
 */
export class PersistedState<State extends object> {
  /** The state, the same object for life. */
  readonly proxy: State;
  /** Called at the first change of a persisted key since the last flush, for writes that happen outside of handlers. */
  onChange: (() => void) | undefined;

  readonly #store: StateStore;
  readonly #throwOnError: boolean;
  readonly #onPersistError: (key: string, error: PersistError) => void;
  readonly #persisted: ReadonlySet<string>;
  readonly #values: Record<PropertyKey, unknown>;
  readonly #unsaved: UnsavedChanges;
  /** One for each persisted key where changes inside are seen; else none. */
  readonly #trackers: ReadonlyMap<PropertyKey, Tracker>;
  /** At most how many bytes a key takes: counted, so that not every change inside measures the whole value. */
  readonly #sizes = new Map<string, number>();

  constructor(options: PersistedStateOptions<State>) {
    const { initial, persistedKeys = [], shallow = true, throwOnError = true, store } = options;
    this.#store = store;
    this.#throwOnError = throwOnError;
    this.#onPersistError =
      options.onPersistError ?? ((_key, error) => console.error(error.message));
    this.#persisted = namesOf(persistedKeys);
    this.#trackers = shallow ? new Map() : this.#trackersOf(this.#persisted);
    this.#values = clonedInitial(initial);
    this.#unsaved = new UnsavedChanges(this.#values);
    if (this.#persisted.size > 0) this.#load();
    // The proxy is typed by what the state is declared to hold.
    this.proxy = trackedProxy(this.#values, this.#traps(), undefined) as State;
  }

  /** Whether there is something that a flush would write. */
  get isDirty(): boolean {
    return this.#unsaved.pending.size > 0;
  }

  /** Marks what a rollback returns to. Stores first what changed before; throws as `flush` does. */
  begin(): void {
    this.flush();
  }

  /**
   * Stores the keys that changed, all in one transaction. Where that fails none is stored, and their values in memory are again
   * what storage holds.
   *
   * @throws `PersistError` with `throwOnError`; else `onPersistError` hears of each key.
   */
  flush(): void {
    try {
      if (this.isDirty) this.#store.write(this.#unsaved.pending);
    } catch (cause) {
      return this.#putBack(cause);
    }
    this.#unsaved.settle();
  }

  /** Takes back all changes since `begin` or the last flush, those of keys that do not persist, too. */
  rollback(): void {
    this.#unsaved.undo();
    this.#sizes.clear();
  }

  #load(): void {
    for (const [key, stored] of this.#store.load(this.#persisted)) {
      if (stored === "deleted") delete this.#values[key];
      else setOwn(this.#values, key, stored.value);
    }
  }

  #trackersOf(keys: ReadonlySet<string>): ReadonlyMap<PropertyKey, Tracker> {
    const trackerOf = (key: string) =>
      new Tracker({
        change: this.#changeInside(key),
        refuse: (detail) => this.#refuse(key, detail),
      });
    return new Map([...keys].map((key) => [key, trackerOf(key)]));
  }

  // -------------------------------------------------------------------------------------------- changes of keys

  #traps(): ProxyHandler<Record<PropertyKey, unknown>> {
    const shown = (key: PropertyKey, value: unknown) =>
      isObject(value) && Object.hasOwn(this.#values, key)
        ? (this.#trackers.get(key)?.show<unknown>(value) ?? value)
        : value;
    return {
      ...FIXED_TRAPS,
      get: (values, key, receiver) => shown(key, Reflect.get(values, key, receiver)),
      set: (values, key, value, receiver) =>
        receiver === this.proxy && (key !== "__proto__" || Object.hasOwn(values, key))
          ? this.#assign(key, value)
          : Reflect.set(values, key, value, receiver),
      deleteProperty: (_values, key) => this.#delete(key),
      defineProperty: (values, key, descriptor) => {
        if (isOrdinary(descriptor)) return this.#assign(key, valueIn(descriptor, values, key));
        this.#refuse(String(key), NOT_ORDINARY);
        return true;
      },
      getOwnPropertyDescriptor: (values, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(values, key);
        return descriptor && { ...descriptor, value: shown(key, descriptor.value) };
      },
    };
  }

  #assign(key: PropertyKey, value: unknown): boolean {
    if (!this.#isPersisted(key)) {
      this.#unsaved.remember();
      setOwn(this.#values, key, value);
      return true;
    }
    const kept = this.#kept(key, value);
    if (kept === undefined) return true;
    if (Object.hasOwn(this.#values, key) && Object.is(this.#values[key], kept.value)) return true;
    this.#unsaved.remember();
    setOwn(this.#values, key, kept.value);
    this.#sizes.set(key, kept.bytes);
    // What is assigned is what is stored: where nobody sees changes inside, one made by then must not be stored with it.
    this.#changed(key, this.#trackers.has(key) ? kept : { value: cloneValue(kept.value) });
    return true;
  }

  /** The value as it will be kept, and the size of that; undefined where it is refused. */
  #kept(
    key: string,
    value: unknown,
  ): { readonly value: unknown; readonly bytes: number } | undefined {
    try {
      const clone = this.#clone(key, value);
      const bytes = this.#sizeOf(key, clone);
      if (bytes > MAX_STATE_VALUE_BYTES) throw tooLarge(key, bytes);
      return { value: clone, bytes };
    } catch (cause) {
      this.#fail(key, cause);
      return undefined;
    }
  }

  #delete(key: PropertyKey): boolean {
    if (!Object.hasOwn(this.#values, key)) return true;
    this.#unsaved.remember();
    delete this.#values[key];
    if (this.#isPersisted(key)) this.#changed(key, "deleted");
    return true;
  }

  #changed(key: string, change: StateChange): void {
    const isFirst = !this.isDirty;
    this.#unsaved.pending.set(key, change);
    if (isFirst) this.onChange?.();
  }

  #isPersisted(key: PropertyKey): key is string {
    return typeof key === "string" && this.#persisted.has(key);
  }

  // -------------------------------------------------------------------------------------------- changes inside

  #changeInside(key: string): Scope["change"] {
    return (container, apply, instead, values = [], bytes = 0) => {
      const kept: unknown[] = [];
      let size = this.#sizes.get(key) ?? this.#sizeOf(key, this.#values[key]);
      try {
        for (const value of values) {
          const clone = this.#clone(key, value);
          kept.push(clone);
          size += serializedSize(clone) + CHANGE_BYTES;
        }
      } catch (cause) {
        this.#fail(key, cause);
        return instead;
      }
      this.#unsaved.rememberInside(container);
      size += bytes + CHANGE_BYTES;
      this.#sizes.set(key, size);
      if (size <= MAX_STATE_VALUE_BYTES) return this.#applied(key, () => apply(kept));
      return this.#changeMeasured(key, container, () => apply(kept), instead);
    };
  }

  /** A change that may be one too many: it is made, measured, and put back if it is. */
  #changeMeasured<T>(key: string, container: object, apply: () => T, instead: T): T {
    const putBack = copyContainer(container);
    const wasPending = this.#unsaved.pending.has(key);
    const result = this.#applied(key, apply);
    const size = this.#sizeOf(key, this.#values[key]);
    this.#sizes.set(key, size);
    if (size <= MAX_STATE_VALUE_BYTES) return result;
    putBack();
    this.#sizes.delete(key);
    if (!wasPending) this.#unsaved.pending.delete(key);
    this.#fail(key, tooLarge(key, size));
    return instead;
  }

  #applied<T>(key: string, apply: () => T): T {
    try {
      return apply();
    } finally {
      // What was taken out of the state and is changed by somebody who still has it changes nothing here.
      if (Object.hasOwn(this.#values, key)) this.#changed(key, { value: this.#values[key] });
    }
  }

  /** What belongs to a key stays itself where it is put elsewhere below it; what belongs to another is cloned. */
  #clone(key: string, value: unknown): unknown {
    return cloneOf(value, this.#trackers.get(key));
  }

  #sizeOf(key: string, value: unknown): number {
    return serializedSize(value) + textSize(this.#store.prefix + key);
  }

  // -------------------------------------------------------------------------------------------- failures

  #refuse(key: string, detail: string): void {
    this.#fail(key, new PerdureError("bad_request", detail));
  }

  /** A value was refused, and nothing has changed. */
  #fail(key: string, cause: unknown): void {
    const error = persistErrorOf(key, cause, "bad_request");
    if (this.#throwOnError) throw error;
    this.#onPersistError(key, error);
  }

  /** A flush has failed: memory is to be what storage holds. */
  #putBack(cause: unknown): void {
    const keys = this.#unsaved.undoPending();
    this.#sizes.clear();
    const error = persistErrorOf(keys[0] ?? "", cause, "unavailable");
    if (this.#throwOnError) throw error;
    for (const key of keys) this.#onPersistError(key, siblingOf(error, key));
  }
}

function tooLarge(key: string, bytes: number): PersistError {
  return notKept(
    key,
    "too_large",
    `it would take ${bytes} bytes of ${MAX_STATE_VALUE_BYTES}; divide it among keys, or use storage.`,
  );
}
