import { expect, test } from "vitest";
import { PersistError, snapshot } from "../../../src/connection/state/index.ts";
import type { Task } from "./deep-state.ts";
import { initial, open } from "./deep-state.ts";

/** A `Set` as newer runtimes have it. */
interface Composed extends Set<unknown> {
  isSubsetOf?(other: Set<unknown>): boolean;
  union?(other: Set<unknown>): Set<unknown>;
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
