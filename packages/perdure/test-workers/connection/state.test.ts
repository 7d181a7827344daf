import { expect, test } from "vitest";
import { MAX_STATE_VALUE_BYTES, PersistError } from "../../src/connection/index.ts";
import { canonical } from "../../test/connection/state/canonical.ts";
import { randomValue } from "../../test/connection/state/random-value.ts";
import { randomFrom } from "../../test/support/random.ts";
import { deploy, handle, stateOf } from "./state-setup.ts";

class Own {
  field = 1;
}

/** A `Map` as newer runtimes have it. */
interface Upserting extends Map<unknown, unknown> {
  getOrInsert?(key: string, value: unknown[]): unknown[];
}

/** One of the state's values, which the test knows to be of a class. */
function known<T>(value: unknown, kind: abstract new (...of: never[]) => T): T {
  if (value instanceof kind) return value;
  throw new TypeError(`This is no ${kind.name}.`);
}

test("V2 a stored value wins over the initial one after an eviction; what was never changed begins with what is deployed", async () => {
  deploy("V2", { count: 0, theme: "dark" });
  await handle("V2", (state) => {
    state["count"] = 5;
  });
  deploy("V2", { count: 100, theme: "light" });
  expect(await stateOf("V2")).toEqual({ count: 5, theme: "light" });
});

test("V3 after an eviction exactly the persisted keys are there", async () => {
  deploy("V3", { count: 0, online: false }, { persistedKeys: ["count"] });
  await handle("V3", (state) => Object.assign(state, { count: 1, online: true }));
  expect(await stateOf("V3")).toEqual({ count: 1, online: false });
  deploy("V3", { count: 0 }, { persistedKeys: undefined });
  expect(await stateOf("V3")).toEqual({ count: 0 });
});

test("V4 assignment, delete and defineProperty of keys survive an eviction, and a deleted key may be set again", async () => {
  deploy("V4", { a: 1, b: 2, c: 3 });
  await handle("V4", (state) => {
    state["a"] = Number(state["a"]) + 1;
    delete state["b"];
    Object.defineProperty(state, "c", { value: 4 });
  });
  expect(await stateOf("V4")).toEqual({ a: 2, c: 4 });
  await handle("V4", (state) => {
    state["b"] = undefined;
  });
  const { b, ...others } = await stateOf("V4");
  expect([others, b]).toEqual([{ a: 2, c: 4 }, undefined]);
  expect("b" in (await stateOf("V4"))).toBe(true);
});

test("V5 with shallow tracking, a change inside of a value is gone after an eviction", async () => {
  deploy("V5", { preferences: { fontSize: 12 } });
  await handle("V5", (state) => {
    state["preferences"] = { fontSize: 15 };
    Object.assign(state["preferences"] as object, { fontSize: 16 });
  });
  expect(await stateOf("V5")).toEqual({ preferences: { fontSize: 15 } });
});

test("V6 changes inside of every kind of value survive an eviction", async () => {
  deploy(
    "V6",
    {
      object: { a: 1, b: { c: 2 } },
      array: [3, 1, 2],
      map: new Map<string, unknown>([["k", { n: 1 }]]),
      set: new Set(["x"]),
      date: new Date(0),
      bytes: new Uint8Array(4),
      view: new DataView(new ArrayBuffer(4)),
    },
    { shallow: false },
  );
  await handle("V6", (state) => {
    const object = state["object"] as { a?: number; b: { c: number }; d?: number };
    object.b.c += 1;
    delete object.a;
    Object.defineProperty(object, "d", { value: 4, enumerable: true });
    const array = known(state["array"], Array);
    array.push(9);
    // oxlint-disable-next-line unicorn/no-array-sort -- it is this array that changes.
    array.sort((a, b) => Number(a) - Number(b));
    const map: Upserting = known(state["map"], Map);
    (map.get("k") as { n: number }).n += 1;
    map.set("new", [1]);
    map.getOrInsert?.("inserted", []).push("later");
    known(state["set"], Set).add("y").delete("x");
    known(state["date"], Date).setTime(5);
    const bytes = known(state["bytes"], Uint8Array);
    bytes[0] = 255;
    bytes.set([7, 8], 1);
    bytes.subarray(3).fill(9);
    known(state["view"], DataView).setInt16(0, 258);
  });
  expect(await stateOf("V6")).toEqual({
    object: { b: { c: 3 }, d: 4 },
    array: [1, 2, 3, 9],
    map: new Map<string, unknown>([
      ["k", { n: 2 }],
      ["new", [1]],
      ["inserted", ["later"]],
    ]),
    set: new Set(["y"]),
    date: new Date(5),
    bytes: new Uint8Array([255, 7, 8, 9]),
    view: new DataView(new Uint8Array([1, 2, 0, 0]).buffer),
  });
});

test("V7 values of every kind come back from an eviction as they were, `undefined` too, with what they share", async () => {
  deploy("V7", { value: 0 });
  for (let seed = 1; seed <= 40; seed += 1) {
    const value = randomValue(randomFrom(seed), 4);
    await handle("V7", (state) => {
      state["value"] = value;
    });
    expect(canonical((await stateOf("V7"))["value"]), `seed ${seed}`).toBe(canonical(value));
  }
});

test("V8 a value of 2,097,152 bytes with its key throws where it is assigned, and the largest below it is stored", async () => {
  deploy("V8", { text: "" });
  await handle("V8", (state) => {
    expect(() => {
      state["text"] = "a".repeat(MAX_STATE_VALUE_BYTES - 10);
    }).toThrow(expect.objectContaining({ name: "PersistError", key: "text", code: "too_large" }));
    expect(state["text"]).toBe("");
    state["text"] = "a".repeat(MAX_STATE_VALUE_BYTES - 100);
  });
  expect((await stateOf("V8"))["text"]).toHaveLength(2_097_052);
});

test.each([
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["an instance of a class", new Own()],
  ["a subclass of Map", new (class Own extends Map {})()],
  ["a URL", new URL("https://example.com")],
  ["a Blob", new Blob(["a"])],
  ["a promise", Promise.resolve(1)],
  ["memory that is shared", new SharedArrayBuffer(4)],
  ["a hidden property", Object.defineProperty({}, "hidden", { value: 1 })],
  ["a property named by a symbol", { [Symbol("s")]: 1 }],
])("V9 what storage would not give back throws where it is assigned: %s", async (name, value) => {
  deploy(`V9 ${name}`, { value: 1 });
  await handle(`V9 ${name}`, (state) => {
    expect(() => {
      state["value"] = [value];
    }).toThrow(
      expect.objectContaining({ name: "PersistError", key: "value", code: "bad_request" }),
    );
  });
  expect(await stateOf(`V9 ${name}`)).toEqual({ value: 1 });
});

test("V8 an error is a PerdureError that says key, code and cause", async () => {
  const error = new PersistError("theme", "too_large", "It is too large.", "cause");
  expect(error.toProblem()).toEqual({
    code: "too_large",
    detail: "It is too large.",
    extra: { key: "theme" },
  });
  expect([error.name, error.key, error.cause]).toEqual(["PersistError", "theme", "cause"]);
});

test("V16 an element that has moved inside of its list is still that of the state after an eviction", async () => {
  deploy("V16", { list: [{ done: false }, { done: false }] }, { shallow: false });
  await handle("V16", (state) => {
    const list = known(state["list"], Array);
    const [first, second] = list as { done: boolean }[];
    list.splice(0, 2, second, first);
    Object.assign(first ?? {}, { done: true });
  });
  expect(await stateOf("V16")).toEqual({ list: [{ done: false }, { done: true }] });
});
