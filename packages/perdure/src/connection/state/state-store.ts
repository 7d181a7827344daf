/** What is stored of a key: a value, which may be `undefined`, or that it was deleted. */
export type StateChange = { readonly value: unknown } | "deleted";

/** Where the keys of a state are kept. */
export interface StateStore {
  /** What storage puts before a key; it counts into the size of each value. */
  readonly prefix: string;
  /**
   * What is stored of these keys, each once. A deleted key MUST be told as deleted for as long as nothing else is stored under it: its
   * initial value must not come back. The caller owns the values.
   */
  load(keys: ReadonlySet<string>): Iterable<readonly [key: string, stored: StateChange]>;
  /**
   * Stores all changes in one transaction: where it throws, MUST have stored none. Throws a `PersistError` where it knows which
   * key it was. Values are not kept after the call.
   */
  write(changes: ReadonlyMap<string, StateChange>): void;
}
