/* oxlint-disable unicorn/no-array-sort, unicorn/no-array-reverse -- these are the changes. */
import { expect, test, vi } from "vitest";
import { PersistError, snapshot } from "../../../src/connection/state/index.ts";
import type { State, Task } from "./deep-state.ts";
import { initial, open } from "./deep-state.ts";
import { MemoryStore } from "./memory-store.ts";

class Own {
  n = 1;
}

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
