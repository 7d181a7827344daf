import { vi } from "vitest";
import type { PersistError } from "../../../src/connection/state/index.ts";
import { PersistedState, snapshot } from "../../../src/connection/state/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** An element of the state's list. */
export interface Task {
  title: string;
  done?: boolean;
}

/** What the state begins with: a value of each kind. */
export function initial() {
  return {
    list: [{ title: "a" }, { title: "b" }] as Task[],
    other: { task: null as Task | null },
    map: new Map<unknown, { n: number }>([["k", { n: 1 }]]),
    set: new Set<unknown>(["x"]),
    date: new Date("2026-01-31T12:00:00Z"),
    bytes: new Uint8Array([1, 2, 3, 4]),
    buffer: new ArrayBuffer(4),
    pattern: /a/g,
    fault: new RangeError("too far"),
    cache: {} as { hits?: number },
  };
}

/** A state with a value of each kind. */
export type State = ReturnType<typeof initial>;

const KEYS = Object.keys(initial()).filter((key) => key !== "cache") as (keyof State)[];

/** A state whose changes inside are seen, over a store. */
export function open(store = new MemoryStore(), throwOnError = true) {
  const onPersistError = vi.fn<(key: string, error: PersistError) => void>();
  const state = new PersistedState<State>({
    initial: initial(),
    persistedKeys: KEYS,
    shallow: false,
    throwOnError,
    onPersistError,
    store,
  });
  /** What is there after an eviction. */
  const reloaded = (): State => {
    state.flush();
    return snapshot(open(store).proxy);
  };
  return { store, state, proxy: state.proxy, onPersistError, reloaded };
}
