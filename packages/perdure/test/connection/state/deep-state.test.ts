/* oxlint-disable unicorn/no-array-sort, unicorn/no-array-reverse -- these are the changes. */
import { expect, test, vi } from "vitest";
import { PersistedState, PersistError, snapshot } from "../../../src/connection/state/index.ts";
import { MemoryStore } from "./memory-store.ts";

interface Task {
  title: string;
  done?: boolean;
}

function initial() {
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

/** A `Set` as newer runtimes have it. */
interface Composed extends Set<unknown> {
  isSubsetOf?(other: Set<unknown>): boolean;
  union?(other: Set<unknown>): Set<unknown>;
}

type State = ReturnType<typeof initial>;

class Own {
  n = 1;
}

const KEYS = Object.keys(initial()).filter((key) => key !== "cache") as (keyof State)[];

function open(store = new MemoryStore(), throwOnError = true) {
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

test("V6 what is read twice is the same object, wherever it was read", () => {
  const { proxy } = open();
  expect(proxy.list).toBe(proxy.list);
  expect(proxy.list[0]).toBe(proxy.list.find(({ title }) => title === "a"));
  expect(proxy.map.get("k")).toBe([...proxy.map.values()][0]);
  expect(proxy.list.indexOf(proxy.list[1] ?? { title: "" })).toBe(1);
  expect(proxy.bytes.buffer).toBe(proxy.bytes.subarray(1).buffer);
});

test("V6 tracked values are of their classes, and work where these do", () => {
  const { proxy } = open();
  expect(Array.isArray(proxy.list)).toBe(true);
  expect(proxy.map).toBeInstanceOf(Map);
  expect(proxy.date).toBeInstanceOf(Date);
  expect(proxy.bytes).toBeInstanceOf(Uint8Array);
  expect(Object.prototype.toString.call(proxy.set)).toBe("[object Set]");
  expect(JSON.stringify({ list: proxy.list, date: proxy.date })).toBe(
    '{"list":[{"title":"a"},{"title":"b"}],"date":"2026-01-31T12:00:00.000Z"}',
  );
  expect(`${proxy.date.getUTCDate()} ${Number(proxy.date)}`).toBe("31 1769860800000");
  const composed: Composed = proxy.set;
  expect(composed.isSubsetOf?.(new Set(["x", "y"]))).toBe(true);
  expect(composed.union?.(composed)).toEqual(new Set(["x"]));
  expect(proxy.bytes.map((byte) => byte * 2)).toEqual(new Uint8Array([2, 4, 6, 8]));
  expect([..."aa".matchAll(proxy.pattern)]).toHaveLength(2);
});

test("V18 a plain copy of a tracked value goes where no proxy may", () => {
  const { proxy } = open();
  expect(() => structuredClone(proxy.list)).toThrow("could not be cloned");
  const copy = snapshot(proxy.list);
  expect(structuredClone(copy)).toEqual(initial().list);
  copy[0] = { title: "changed" };
  expect(proxy.list[0]).toEqual({ title: "a" });
  expect(new TextDecoder().decode(snapshot(proxy.bytes))).toHaveLength(4);
});

test("V6 a change that nobody would see throws instead of being lost", () => {
  const { proxy } = open();
  expect(() => new Uint8Array(proxy.buffer)).toThrow("slice() or snapshot()");
  expect(() => new Uint8Array(proxy.bytes.buffer)).toThrow("slice() or snapshot()");
  expect(() => Object.assign(proxy.map, { extra: 1 })).toThrow(TypeError);
  expect(() => Object.assign(proxy.fault, { message: "changed" })).toThrow(TypeError);
  expect(() => Object.freeze(proxy.list)).toThrow(TypeError);
  expect(() => Object.setPrototypeOf(proxy.list, null)).toThrow(TypeError);
  expect(() => Map.prototype.set.call(proxy.map, "k", 1)).toThrow(TypeError);
  expect(() => Object.defineProperty(proxy.other, "x", { get: () => 1 })).toThrow(PersistError);
  expect(() => Object.defineProperty(proxy, "x", { value: 1, writable: false })).toThrow(
    PersistError,
  );
});

test("V6 what iteration, callbacks and descriptors give is tracked, too", () => {
  const { proxy, reloaded } = open();
  for (const [, value] of proxy.map) value.n += 1;
  proxy.map.forEach((value) => (value.n += 1));
  for (const task of proxy.list) task.done = true;
  const { value } = Object.getOwnPropertyDescriptor(proxy.list, 0) ?? {};
  Object.assign(value as Task, { title: "first" });
  expect(reloaded()).toMatchObject({
    map: new Map([["k", { n: 3 }]]),
    list: [
      { title: "first", done: true },
      { title: "b", done: true },
    ],
  });
});

test("V6 an unchanged value is not written", () => {
  const { state, proxy, store } = open();
  const [first] = proxy.list;
  Object.assign(first ?? {}, { title: "a" });
  proxy.set.add("x");
  proxy.map.delete("none");
  Object.assign(proxy, { list: proxy.list });
  expect(state.isDirty).toBe(false);
  state.flush();
  expect(store.transactions).toEqual([]);
});

test("V7 what is put inside is cloned: a later change of the original changes nothing", () => {
  const { proxy, reloaded } = open();
  const task: Task = { title: "mine" };
  proxy.list.push(task);
  proxy.map.set("task", { n: 5 });
  task.title = "changed";
  expect(proxy.list[2]).toEqual({ title: "mine" });
  expect(reloaded().list[2]).toEqual({ title: "mine" });
});

test("V7 a property called `__proto__` stays a property", () => {
  const { proxy, reloaded } = open();
  const parsed = JSON.parse('{"__proto__": {"isAdmin": true}}') as { task: null };
  proxy.other = parsed;
  expect(Reflect.get(proxy.other, "isAdmin")).toBeUndefined();
  expect(Object.keys(reloaded().other)).toEqual(["__proto__"]);
});

test("V8 a change inside that makes a value too large throws, and nothing has changed", () => {
  const { proxy, state } = open();
  proxy.list = Array.from({ length: 20 }, () => ({ title: "x".repeat(100_000) }));
  state.flush();
  const error = (() => {
    try {
      return proxy.list.push({ title: "y".repeat(100_000) });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({ name: "PersistError", key: "list", code: "too_large" });
  expect(proxy.list).toHaveLength(20);
  expect(state.isDirty).toBe(false);
  // Room that was made is seen.
  proxy.list.pop();
  proxy.list.push({ title: "y".repeat(100_000) });
  expect(proxy.list).toHaveLength(20);
});

test("V8 what is counted is right again after a rollback", () => {
  const { proxy, state } = open();
  proxy.list = [{ title: "x".repeat(1_900_000) }];
  state.flush();
  proxy.list = [];
  state.rollback();
  expect(() => proxy.list.push({ title: "y".repeat(300_000) })).toThrow(PersistError);
});

test("V8 small changes inside of a large value do not measure all of it each time", () => {
  const { proxy } = open();
  proxy.list = Array.from({ length: 1_000 }, () => ({ title: "x".repeat(1_000) }));
  const walks = vi.spyOn(Object, "keys");
  for (let n = 0; n < 1_000; n += 1) proxy.list.push({ title: `${n}` });
  expect(walks.mock.calls.length).toBeLessThan(20_000);
  walks.mockRestore();
});

test("V9 what cannot be kept is refused where it is put inside, and nothing has changed", () => {
  const { proxy, state } = open();
  const put: (() => unknown)[] = [
    () => proxy.list.push({ title: "c", run: () => {} } as Task),
    () => proxy.map.set("k", new Own()),
    () => proxy.set.add(Symbol("s")),
    () => Reflect.set(proxy.other, Symbol("s"), 1),
  ];
  for (const one of put)
    expect(one).toThrow(expect.objectContaining({ name: "PersistError", code: "bad_request" }));
  expect(state.isDirty).toBe(false);
  expect(snapshot(proxy.list)).toEqual(initial().list);
});

test("V11 a rollback restores the exact structure, and objects that were read before are those of the state", () => {
  const { proxy, state } = open();
  const [first] = proxy.list;
  proxy.other.task = { title: "t" };
  state.flush();
  const order = Object.keys(proxy);
  const before = snapshot(proxy);

  state.begin();
  first?.title.concat("");
  Object.assign(first ?? {}, { title: "changed", done: true });
  proxy.list.reverse();
  proxy.list.push({ title: "new" });
  proxy.map.clear();
  proxy.date.setTime(0);
  proxy.bytes.fill(9);
  delete (proxy as Partial<State>).set;
  proxy.other = { task: null };
  proxy.cache = { hits: 1 };
  state.rollback();

  expect(snapshot(proxy)).toEqual(before);
  expect(Object.keys(proxy)).toEqual(order);
  expect(proxy.list[0]).toBe(first);
  expect(state.isDirty).toBe(false);
  Object.assign(first ?? {}, { title: "later" });
  expect(proxy.list[0]).toEqual({ title: "later" });
});

test("V11 a rollback returns to the last flush", () => {
  const { proxy, state, reloaded } = open();
  state.begin();
  proxy.list.push({ title: "flushed" });
  state.flush();
  proxy.list.push({ title: "lost" });
  state.rollback();
  expect(proxy.list.map(({ title }) => title)).toEqual(["a", "b", "flushed"]);
  expect(reloaded().list).toHaveLength(3);
});

test("V11 an object that only the undone handler put there is no longer part of the state", () => {
  const { proxy, state, reloaded } = open();
  proxy.list.push({ title: "c" });
  const third = proxy.list[2];
  state.rollback();
  Object.assign(third ?? {}, { title: "changed" });
  expect(third).toEqual({ title: "changed" });
  expect(reloaded().list).toEqual(initial().list);
});

test.each([true, false])(
  "V12 where storage fails, changes inside are gone from memory, too: throwOnError %s",
  (throwOnError) => {
    const { proxy, state, store, reloaded, onPersistError } = open(new MemoryStore(), throwOnError);
    proxy.list.push({ title: "c" });
    proxy.map.clear();
    proxy.cache = { hits: 1 };
    store.failure = new Error("quota");
    const flush = () => {
      try {
        state.flush();
      } catch (error) {
        onPersistError("thrown", error as PersistError);
      }
    };
    flush();
    store.failure = undefined;
    expect(onPersistError.mock.calls.map(([key, { code }]) => [key, code])).toEqual(
      throwOnError
        ? [["thrown", "unavailable"]]
        : [
            ["list", "unavailable"],
            ["map", "unavailable"],
          ],
    );
    expect(snapshot(proxy)).toEqual({ ...initial(), cache: { hits: 1 } });
    expect(reloaded()).toEqual(initial());
  },
);

test("V13 with `throwOnError: false` a refused change inside gives what an unchanged value would", () => {
  const { proxy, onPersistError } = open(new MemoryStore(), false);
  const run = (() => {}) as unknown as string;
  expect(proxy.list.push({ title: run })).toBe(2);
  expect(proxy.list.splice(0, 1, { title: run })).toEqual([]);
  expect(proxy.map.set("k", { n: run as unknown as number })).toBe(proxy.map);
  expect(Reflect.set(proxy.other, "task", { title: run })).toBe(true);
  expect(onPersistError.mock.calls.map(([key]) => key)).toEqual(["list", "list", "map", "other"]);
  expect(snapshot(proxy)).toEqual(initial());
});

test("V16 below its own key a value stays the same object, below another it is cloned", () => {
  const { proxy, reloaded } = open();
  const [first] = proxy.list;
  proxy.list = proxy.list.filter(({ title }) => title === "a");
  Object.assign(first ?? {}, { done: true });
  proxy.other.task = first ?? null;
  Object.assign(first ?? {}, { title: "later" });
  expect(proxy.list[0]).toBe(first);
  expect(proxy.other.task).not.toBe(first);
  expect(reloaded()).toMatchObject({
    list: [{ title: "later", done: true }],
    other: { task: { title: "a", done: true } },
  });
});

test("V16 a value may hold itself, and one object twice", () => {
  const { proxy, reloaded } = open();
  const shared = proxy.list[0] ?? { title: "" };
  proxy.list.push(shared);
  Object.assign(shared, { list: proxy.list });
  const list = reloaded().list as (Task & { list?: unknown })[];
  expect(list[0]).toBe(list[2]);
  expect(list[0]?.list).toBe(list);
});

test("V17 a key that is not persisted holds any value, untracked", () => {
  const { proxy, state } = open();
  const socket = new (class Socket {
    hits = 0;
  })();
  proxy.cache = socket;
  expect(proxy.cache).toBe(socket);
  socket.hits += 1;
  expect(state.isDirty).toBe(false);
  state.rollback();
  expect(proxy.cache).toEqual({});
});
