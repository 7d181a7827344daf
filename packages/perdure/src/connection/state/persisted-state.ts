import { PerdureError } from "../../protocol/index.ts";
import { cloneValue, isObject, setOwn } from "./clone-value.ts";
import { PersistError } from "./persist-error.ts";
import { serializedSize, textSize } from "./serialized-size.ts";
import type { StateChange, StateStore } from "./state-store.ts";

/** Largest value that is kept under one key, with the key, in bytes as stored: a row of the platform has 2 MB in production. */
export const MAX_STATE_VALUE_BYTES = 2 * 1024 * 1024;

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
  readonly #isShallow: boolean;
  readonly #throwOnError: boolean;
  readonly #onPersistError: (key: string, error: PersistError) => void;
  readonly #persisted: ReadonlySet<string>;
  readonly #values: Record<PropertyKey, unknown>;
  /** What the next flush writes. */
  readonly #pending = new Map<string, StateChange>();
  /** All keys with their values as they were before the first change since `begin` or the last flush. */
  #before: ReadonlyMap<PropertyKey, unknown> | undefined;

  constructor(options: PersistedStateOptions<State>) {
    const { initial, persistedKeys = [], store } = options;
    this.#store = store;
    this.#isShallow = options.shallow ?? true;
    this.#throwOnError = options.throwOnError ?? true;
    this.#onPersistError =
      options.onPersistError ?? ((_key, error) => console.error(error.message));
    this.#persisted = namesOf(persistedKeys);
    this.#values = clonedInitial(initial);
    if (this.#persisted.size > 0) this.#load();
    // The proxy is typed by what the state is declared to hold.
    this.proxy = new Proxy(this.#values, this.#traps()) as State;
  }

  /** Whether there is something that a flush would write. */
  get isDirty(): boolean {
    return this.#pending.size > 0;
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
    if (this.#pending.size > 0) {
      try {
        this.#store.write(this.#pending);
      } catch (cause) {
        this.#putBack(cause);
        return;
      }
    }
    this.#settle();
  }

  /** Takes back all changes since `begin` or the last flush, those of keys that do not persist, too. */
  rollback(): void {
    if (this.#before !== undefined) {
      // All of them, so that they are in their order again.
      for (const key of Reflect.ownKeys(this.#values)) delete this.#values[key];
      for (const [key, value] of this.#before) setOwn(this.#values, key, value);
    }
    this.#settle();
  }

  #load(): void {
    for (const [key, stored] of this.#store.load(this.#persisted)) {
      if (stored === "deleted") delete this.#values[key];
      else setOwn(this.#values, key, stored.value);
    }
  }

  #settle(): void {
    this.#pending.clear();
    this.#before = undefined;
  }

  // -------------------------------------------------------------------------------------------- changes

  #traps(): ProxyHandler<Record<PropertyKey, unknown>> {
    return {
      set: (values, key, value, receiver) =>
        receiver === this.proxy && (key !== "__proto__" || Object.hasOwn(values, key))
          ? this.#assign(key, value)
          : Reflect.set(values, key, value, receiver),
      deleteProperty: (_values, key) => this.#delete(key),
      defineProperty: (values, key, descriptor) => {
        if (isOrdinary(descriptor))
          return this.#assign(key, "value" in descriptor ? descriptor.value : values[key]);
        return this.#refuse(
          key,
          "A property of the state is an ordinary one, neither hidden nor read-only nor computed; assign a value.",
        );
      },
      // It would not outlive the memory.
      preventExtensions: () => false,
      setPrototypeOf: () => false,
    };
  }

  #assign(key: PropertyKey, value: unknown): boolean {
    if (!this.#isPersisted(key)) {
      this.#remember();
      setOwn(this.#values, key, value);
      return true;
    }
    if (Object.hasOwn(this.#values, key) && Object.is(this.#values[key], value) && !isObject(value))
      return true;
    try {
      const kept = cloneValue(value);
      this.#checkSize(key, serializedSize(kept));
      this.#remember();
      setOwn(this.#values, key, kept);
      // What is assigned is what is stored: a change inside of it that nobody saw would be stored now and then, but not always.
      this.#change(key, { value: this.#isShallow ? cloneValue(kept) : kept });
    } catch (cause) {
      this.#fail(key, cause);
    }
    return true;
  }

  #delete(key: PropertyKey): boolean {
    if (!Object.hasOwn(this.#values, key)) return true;
    this.#remember();
    delete this.#values[key];
    if (this.#isPersisted(key)) this.#change(key, "deleted");
    return true;
  }

  #isPersisted(key: PropertyKey): key is string {
    return typeof key === "string" && this.#persisted.has(key);
  }

  #remember(): void {
    this.#before ??= new Map(Reflect.ownKeys(this.#values).map((key) => [key, this.#values[key]]));
  }

  #change(key: string, change: StateChange): void {
    const isFirst = this.#pending.size === 0;
    this.#pending.set(key, change);
    if (isFirst) this.onChange?.();
  }

  #checkSize(key: string, bytes: number): void {
    const total = bytes + textSize(this.#store.prefix + key);
    if (total > MAX_STATE_VALUE_BYTES)
      throw new PersistError(
        key,
        "too_large",
        `"${key}" takes up to ${total} bytes, and one key keeps ${MAX_STATE_VALUE_BYTES}; divide it among keys, or store it directly.`,
      );
  }

  // -------------------------------------------------------------------------------------------- failures

  #refuse(key: PropertyKey, detail: string): boolean {
    this.#fail(String(key), new PerdureError("bad_request", detail));
    return true;
  }

  /** A value was refused, and nothing has changed. */
  #fail(key: string, cause: unknown): void {
    const error = persistError(key, cause, "bad_request");
    if (this.#throwOnError) throw error;
    this.#onPersistError(key, error);
  }

  /** A flush has failed: memory is to be what storage holds. */
  #putBack(cause: unknown): void {
    const keys = [...this.#pending.keys()];
    this.#pending.clear();
    for (const key of keys) {
      if (this.#before?.has(key)) setOwn(this.#values, key, this.#before.get(key));
      else delete this.#values[key];
    }
    const [first = ""] = keys;
    const error = persistError(first, cause, "unavailable");
    if (this.#throwOnError) throw error;
    for (const key of keys)
      this.#onPersistError(key, key === error.key ? error : sibling(key, error));
  }
}

function persistError(
  key: string,
  cause: unknown,
  code: "bad_request" | "unavailable",
): PersistError {
  if (cause instanceof PersistError) return cause;
  if (cause instanceof PerdureError)
    return new PersistError(key, cause.code, `"${key}" is not kept. ${cause.message}`, cause);
  return new PersistError(key, code, `"${key}" is not kept: ${String(cause)}`, cause);
}

/** The error of a key that was to be stored together with the one that failed. */
function sibling(key: string, error: PersistError): PersistError {
  return new PersistError(
    key,
    error.code,
    `"${key}" is not kept, because what changed with it was not: ${error.message}`,
    error,
  );
}

/** Whether a property that is defined so is like one that is assigned; what is not said is taken to be so. */
function isOrdinary(descriptor: PropertyDescriptor): boolean {
  const { enumerable = true, configurable = true, writable = true } = descriptor;
  const isComputed = "get" in descriptor || "set" in descriptor;
  return !isComputed && enumerable && configurable && writable;
}

function namesOf(keys: readonly PropertyKey[]): ReadonlySet<string> {
  return new Set(
    keys.map((key) => {
      if (typeof key !== "symbol") return String(key);
      throw new PerdureError("bad_request", `${String(key)} cannot persist: its name is a symbol.`);
    }),
  );
}

function clonedInitial(initial: object): Record<PropertyKey, unknown> {
  const values: Record<PropertyKey, unknown> = {};
  for (const key of Object.keys(initial)) {
    try {
      setOwn(values, key, cloneValue(Reflect.get(initial, key)));
    } catch (cause) {
      throw new PerdureError(
        "bad_request",
        `The initial value of "${key}" cannot be cloned for each object; assign it in onConnect instead. ${String(cause)}`,
      );
    }
  }
  return values;
}
