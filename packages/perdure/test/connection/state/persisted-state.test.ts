import { expect, expectTypeOf, test, vi } from "vitest";
import type { StateOptions } from "../../../src/connection/state/index.ts";
import { PersistError, PersistedState } from "../../../src/connection/state/index.ts";
import { MemoryStore } from "./memory-store.ts";

interface Settings {
  count: number;
  theme?: string;
  preferences: { fontSize: number; tags?: string[] };
  online: boolean;
  socket?: unknown;
}

const INITIAL: Settings = {
  count: 0,
  theme: "dark",
  preferences: { fontSize: 12 },
  online: false,
};

const KEYS = ["count", "theme", "preferences"] as const;

/** A state over a store; another one over the same store is what an eviction leaves. */
function stateOver(
  store: MemoryStore,
  options: { readonly throwOnError?: boolean; readonly keys?: readonly (keyof Settings)[] } = {},
) {
  const onPersistError = vi.fn<(key: string, error: PersistError) => void>();
  const { throwOnError, keys = KEYS } = options;
  const state = new PersistedState<Settings>({
    initial: INITIAL,
    persistedKeys: keys,
    throwOnError,
    onPersistError,
    store,
  });
  return { state, proxy: state.proxy, onPersistError };
}

/** The error that work throws. */
function thrownBy(work: () => void): PersistError {
  try {
    work();
  } catch (error) {
    if (error instanceof PersistError) return error;
    throw error;
  }
  throw new Error("It threw nothing.");
}

test("V1 initial values are cloned: no two states share a nested object, and none changes the definition", () => {
  const [one, other] = [stateOver(new MemoryStore()), stateOver(new MemoryStore())];
  one.proxy.preferences.fontSize = 16;
  expect(other.proxy.preferences).toEqual({ fontSize: 12 });
  expect(INITIAL.preferences).toEqual({ fontSize: 12 });
});

test("V2 a stored value wins over the initial one, and what was never assigned is not stored", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  proxy.count++;
  state.flush();
  expect(store.transactions).toEqual([["count"]]);
  expect(stateOver(store).proxy).toEqual({ ...INITIAL, count: 1 });
});

test("V3 exactly the persisted keys are stored; without any, nothing is", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store, { keys: ["count"] });
  Object.assign(proxy, { count: 1, theme: "light", online: true });
  state.flush();
  expect(store.transactions).toEqual([["count"]]);

  const none = stateOver(new MemoryStore(), { keys: [] });
  none.proxy.count = 1;
  expect(none.state.isDirty).toBe(false);
});

test("V4 an assignment, `++`, delete and defineProperty of a key persist, and a deleted key stays deleted", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  proxy.count++;
  delete proxy.theme;
  Object.defineProperty(proxy, "preferences", { value: { fontSize: 20 } });
  state.flush();
  expect(stateOver(store).proxy).toEqual({
    count: 1,
    preferences: { fontSize: 20 },
    online: false,
  });
  expect("theme" in stateOver(store).proxy).toBe(false);
});

test("V5 without deep tracking, a change inside of a value is not stored, not even of one that was just assigned", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  proxy.preferences.fontSize = 14;
  state.flush();
  expect(store.transactions).toEqual([]);
  proxy.preferences = { fontSize: 15 };
  proxy.preferences.fontSize = 16;
  state.flush();
  expect(stateOver(store).proxy.preferences).toEqual({ fontSize: 15 });
});

test("V7 a value is cloned when it is assigned: a later change of the original changes nothing", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  const mine = { fontSize: 20, tags: ["a"] };
  proxy.preferences = mine;
  mine.fontSize = 99;
  mine.tags.push("b");
  expect(proxy.preferences).toEqual({ fontSize: 20, tags: ["a"] });
  state.flush();
  expect(stateOver(store).proxy.preferences).toEqual({ fontSize: 20, tags: ["a"] });
});

test("V8 a value that is too large throws where it is assigned, and nothing has changed", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  const error = thrownBy(() => {
    proxy.theme = "a".repeat(2_097_152);
  });
  expect(error).toMatchObject({ name: "PersistError", key: "theme", code: "too_large" });
  expect(error.message).toContain("2097152");
  expect(proxy.theme).toBe("dark");
  expect(state.isDirty).toBe(false);
  proxy.theme = "a".repeat(2_097_000);
  state.flush();
  expect(stateOver(store).proxy.theme).toHaveLength(2_097_000);
});

test("V10 1,000 increments are one write", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  for (let n = 0; n < 1_000; n += 1) proxy.count++;
  state.flush();
  state.flush();
  expect(store.transactions).toEqual([["count"]]);
});

test("V3 keys that a state does not have do not compile, nor, without keys, how to persist them", () => {
  type Options = StateOptions<Settings>;
  expectTypeOf<{
    persistedKeys: ["count"];
    persistOptions: { shallow: false };
  }>().toExtend<Options>();
  expectTypeOf<{ persistedKeys: ["colour"] }>().not.toExtend<Options>();
  expectTypeOf<{ persistOptions: { shallow: false } }>().not.toExtend<Options>();
  expectTypeOf<{ onPersistError: () => void }>().not.toExtend<Options>();
});

test("V1 an initial value that cannot be cloned is refused with the state", () => {
  const initial = { ...INITIAL, socket: () => {} };
  expect(
    () => new PersistedState({ initial, persistedKeys: ["count"], store: new MemoryStore() }),
  ).toThrow(expect.objectContaining({ code: "bad_request" }));
});

test("V10 the first change after a flush is told, once, and only that of a persisted key", () => {
  const { state, proxy } = stateOver(new MemoryStore());
  const onChange = vi.fn<() => void>();
  state.onChange = onChange;
  proxy.online = true;
  expect(onChange).toHaveBeenCalledTimes(0);
  proxy.count++;
  proxy.theme = "light";
  expect(onChange).toHaveBeenCalledTimes(1);
  state.flush();
  proxy.theme = "light";
  expect(onChange).toHaveBeenCalledTimes(1);
  proxy.count++;
  state.rollback();
  proxy.count++;
  expect(onChange).toHaveBeenCalledTimes(3);
});

test("V11 what changed before a handler began is stored, and outlives its rollback", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  proxy.count = 5;
  state.begin();
  proxy.count = 6;
  proxy.online = true;
  delete proxy.theme;
  state.rollback();
  expect(proxy).toEqual({ ...INITIAL, count: 5 });
  expect(Object.keys(proxy)).toEqual(Object.keys(INITIAL));
  expect(stateOver(store).proxy.count).toBe(5);
});

test("V12 a flush that fails throws, memory is what storage holds, and a rollback still undoes the rest", () => {
  const store = new MemoryStore();
  const { state, proxy } = stateOver(store);
  state.begin();
  Object.assign(proxy, { count: 1, theme: "light", online: true });
  const cause = new Error("no space");
  store.failure = cause;
  expect(thrownBy(() => state.flush())).toMatchObject({ key: "count", code: "unavailable", cause });
  expect(proxy).toEqual({ ...INITIAL, online: true });
  state.rollback();
  expect(proxy).toEqual(INITIAL);
});

test("V13 with `throwOnError: false` a refused value goes to onPersistError, and memory stays as it was", () => {
  const { state, proxy, onPersistError } = stateOver(new MemoryStore(), { throwOnError: false });
  proxy.theme = "a".repeat(3_000_000);
  Object.assign(proxy, { preferences: () => {} });
  expect(onPersistError.mock.calls.map(([key, { code }]) => [key, code])).toEqual([
    ["theme", "too_large"],
    ["preferences", "bad_request"],
  ]);
  expect(proxy).toEqual(INITIAL);
  expect(state.isDirty).toBe(false);
});

test("V17 an object that inherits from the state has properties of its own", () => {
  const { state, proxy } = stateOver(new MemoryStore());
  const child = Object.create(proxy) as Settings;
  child.count = 5;
  expect([child.count, proxy.count, state.isDirty]).toEqual([5, 0, false]);
});
