import { notKept } from "./persist-error.ts";
import type { StateChange, StateStore } from "./state-store.ts";
import { PerdureError } from "../../protocol/index.ts";

/** What precedes the keys of a state in storage where nothing else is said. */
export const STATE_PREFIX = "perdure:state:";

/** Between the prefix and a key that was deleted. No key of a state begins with it. */
const DELETED = "\0deleted\0";

/** Where a state is stored. */
export interface StateLayout {
  /** What precedes each key; `perdure:state:` by default. Not empty, and nothing else is stored below it. */
  readonly prefix?: string | undefined;
  /**
   * Takes over data of another layout: JSON text under another prefix. A key that has nothing stored under the own prefix is
   * read there, once; text that is no JSON, and a value that is no text, are taken as they are.
   */
  readonly takeOver?: { readonly prefix: string } | undefined;
}

/**
 * The keys of a state in the key-value storage of a Durable Object, one row each: under the prefix and the key its value,
 * structured-cloned, so that `storage.get(prefix + key)` reads it. A key that was deleted has a row instead under the prefix,
 * `"\0deleted\0"` and the key: without it the initial value would come back.
 */
export class DurableStateStore implements StateStore {
  readonly prefix: string;
  readonly #storage: Pick<DurableObjectStorage, "kv" | "transactionSync">;
  readonly #olderPrefix: string | undefined;
  /** Keys that storage says were deleted. */
  readonly #deleted = new Set<string>();

  /**
   * @param storage Of an object with SQLite.
   * @throws `bad_request` for an empty prefix: loading would read all that is stored.
   */
  constructor(
    storage: Pick<DurableObjectStorage, "kv" | "transactionSync">,
    { prefix = STATE_PREFIX, takeOver }: StateLayout = {},
  ) {
    if (prefix === "" || takeOver?.prefix === "")
      throw new PerdureError("bad_request", "The prefix of a state is not empty.");
    this.prefix = prefix;
    this.#storage = storage;
    this.#olderPrefix = takeOver?.prefix;
  }

  load(keys: ReadonlySet<string>): ReadonlyMap<string, StateChange> {
    const stored = this.#read(keys);
    const older = this.#readOlder([...keys].filter((key) => !stored.has(key)));
    if (older.size === 0) return stored;
    try {
      this.write(older);
    } catch {
      // It stays where it was, and is taken over with the next load or when it is assigned.
    }
    return new Map([...older, ...stored]);
  }

  write(changes: ReadonlyMap<string, StateChange>): void {
    const writeAll = () => {
      for (const [key, change] of changes) this.#writeOne(key, change);
    };
    // One row is whole by itself, and a transaction costs as much as the row.
    if (this.#isOneRow(changes)) writeAll();
    else this.#storage.transactionSync(writeAll);
    for (const [key, change] of changes) {
      if (change === "deleted") this.#deleted.add(key);
      else this.#deleted.delete(key);
    }
  }

  #isOneRow(changes: ReadonlyMap<string, StateChange>): boolean {
    if (changes.size !== 1) return false;
    const [one] = changes;
    return one !== undefined && one[1] !== "deleted" && !this.#deleted.has(one[0]);
  }

  #read(keys: ReadonlySet<string>): ReadonlyMap<string, StateChange> {
    const stored = new Map<string, StateChange>();
    this.#deleted.clear();
    for (const [name, value] of this.#storage.kv.list({ prefix: this.prefix })) {
      const key = name.slice(this.prefix.length);
      if (key.startsWith(DELETED)) this.#deleted.add(key.slice(DELETED.length));
      else if (keys.has(key)) stored.set(key, { value });
    }
    for (const key of this.#deleted) if (keys.has(key)) stored.set(key, "deleted");
    return stored;
  }

  /** The older rows are left alone: a deployment that is taken back finds its data. Stored values win, so they do no harm. */
  #readOlder(keys: readonly string[]): ReadonlyMap<string, StateChange> {
    const older = new Map<string, StateChange>();
    if (this.#olderPrefix === undefined) return older;
    for (const key of keys) {
      const value: unknown = this.#storage.kv.get(this.#olderPrefix + key);
      if (value !== undefined) older.set(key, { value: parsed(value) });
    }
    return older;
  }

  #writeOne(key: string, change: StateChange): void {
    const { kv } = this.#storage;
    try {
      if (change === "deleted") {
        kv.delete(this.prefix + key);
        kv.put(this.prefix + DELETED + key, true);
        return;
      }
      kv.put(this.prefix + key, change.value);
      if (this.#deleted.has(key)) kv.delete(this.prefix + DELETED + key);
    } catch (cause) {
      throw notKept(
        key,
        isTooBig(cause) ? "too_large" : "unavailable",
        `nothing of this change was stored. ${String(cause)}`,
        cause,
      );
    }
  }
}

function isTooBig(cause: unknown): boolean {
  return /SQLITE_TOOBIG|too big|too large/i.test(String(cause));
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
