import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { MAX_STATE_VALUE_BYTES, PersistError, snapshot } from "../../src/connection/index.ts";
import { DurableStateStore } from "../../src/connection/state/index.ts";
import { canonical } from "../../test/connection/state/canonical.ts";
import { randomValue } from "../../test/connection/state/random-value.ts";
import { randomFrom } from "../../test/support/random.ts";
import type { AnyState, StateDO } from "../objects/state-do.ts";
import { deployed } from "../objects/state-do.ts";

afterEach(() => {
  deployed.options = { initial: {} };
  deployed.layout = {};
});

function deploy(initial: AnyState, options: Partial<typeof deployed.options> = {}): void {
  deployed.options = { initial, persistedKeys: Object.keys(initial), ...options };
}

class Own {
  field = 1;
}

/** Does something in an object, and then takes its memory away: what does the next thing has stored values alone. */
async function inObject<T>(name: string, work: (object: StateDO) => T | Promise<T>): Promise<T> {
  const stub = env.STATE.getByName(`state ${name}`);
  const result = await runInDurableObject(stub, work);
  await evictDurableObject(stub);
  return result;
}

/** Changes the state of an object as one handler does. */
async function handle(name: string, work: (state: AnyState) => void): Promise<void> {
  await inObject(name, ({ persisted, state }) => {
    persisted.begin();
    work(state);
    persisted.flush();
  });
}

/** The state of an object whose memory is new. */
const stateOf = (name: string): Promise<AnyState> => inObject(name, ({ state }) => snapshot(state));

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
  deploy({ count: 0, theme: "dark" });
  await handle("V2", (state) => {
    state["count"] = 5;
  });
  deploy({ count: 100, theme: "light" });
  expect(await stateOf("V2")).toEqual({ count: 5, theme: "light" });
});

test("V3 after an eviction exactly the persisted keys are there", async () => {
  deploy({ count: 0, online: false }, { persistedKeys: ["count"] });
  await handle("V3", (state) => Object.assign(state, { count: 1, online: true }));
  expect(await stateOf("V3")).toEqual({ count: 1, online: false });
  deploy({ count: 0 }, { persistedKeys: undefined });
  expect(await stateOf("V3")).toEqual({ count: 0 });
});

test("V4 assignment, delete and defineProperty of keys survive an eviction, and a deleted key may be set again", async () => {
  deploy({ a: 1, b: 2, c: 3 });
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
  deploy({ preferences: { fontSize: 12 } });
  await handle("V5", (state) => {
    state["preferences"] = { fontSize: 15 };
    Object.assign(state["preferences"] as object, { fontSize: 16 });
  });
  expect(await stateOf("V5")).toEqual({ preferences: { fontSize: 15 } });
});

test("V6 changes inside of every kind of value survive an eviction", async () => {
  deploy(
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
  deploy({ value: 0 });
  for (let seed = 1; seed <= 40; seed += 1) {
    const value = randomValue(randomFrom(seed), 4);
    await handle("V7", (state) => {
      state["value"] = value;
    });
    expect(canonical((await stateOf("V7"))["value"]), `seed ${seed}`).toBe(canonical(value));
  }
});

test("V8 a value of 2,097,152 bytes with its key throws where it is assigned, and the largest below it is stored", async () => {
  deploy({ text: "" });
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
  deploy({ value: 1 });
  await handle(`V9 ${name}`, (state) => {
    expect(() => {
      state["value"] = [value];
    }).toThrow(
      expect.objectContaining({ name: "PersistError", key: "value", code: "bad_request" }),
    );
  });
  expect(await stateOf(`V9 ${name}`)).toEqual({ value: 1 });
});

test("V10 1,000 increments in a handler write one row", async () => {
  deploy({ count: 0, inside: { count: 0 } }, { shallow: false });
  const rows = await inObject("V10", (object) => {
    const { persisted, state, rowsWritten: before } = object;
    persisted.begin();
    for (let n = 0; n < 1_000; n += 1) state["count"] = Number(state["count"]) + 1;
    persisted.flush();
    return object.rowsWritten - before;
  });
  expect(rows).toBe(1);
  expect(await stateOf("V10")).toMatchObject({ count: 1_000 });
});

test.each([{ shallow: true }, { shallow: false }])(
  "V11 a rollback leaves memory and storage as they were: $shallow",
  async ({ shallow }) => {
    const name = `V11 ${shallow}`;
    deploy(
      { count: 1, list: [{ n: 1 }], online: false },
      { shallow, persistedKeys: ["count", "list"] },
    );
    const before = { count: 2, list: [{ n: 1 }, { n: 2 }], online: false };
    await handle(name, (state) => Object.assign(state, before));
    await inObject(name, ({ persisted, state }) => {
      persisted.begin();
      Object.assign(state, { count: 9, online: true, list: [] });
      persisted.rollback();
      persisted.flush();
      expect(snapshot(state)).toEqual(before);
    });
    expect(await stateOf(name)).toEqual(before);
  },
);

test("V12 where storage refuses one key, no key of the handler is stored", async () => {
  deploy({ a: 1, b: 2 });
  await handle("V12", (state) => Object.assign(state, { a: 10, b: 20 }));
  await inObject("V12", ({ persisted, state, storage }) => {
    const put = vi.spyOn(storage.kv, "put").mockImplementationOnce(() => {});
    put.mockImplementationOnce(() => {
      throw new Error("database or disk is full: SQLITE_FULL");
    });
    Object.assign(state, { a: 11, b: 21 });
    expect(() => persisted.flush()).toThrow(
      expect.objectContaining({ name: "PersistError", key: "b", code: "unavailable" }),
    );
    put.mockRestore();
    expect(snapshot(state)).toEqual({ a: 10, b: 20 });
  });
  expect(await stateOf("V12")).toEqual({ a: 10, b: 20 });
});

test("V12 what SQLite itself finds too big is `too_large`, and nothing of its transaction is there", async () => {
  await inObject("V12 big", ({ storage }) => {
    const store = new DurableStateStore(storage);
    const changes = new Map([
      ["a", { value: 1 }],
      ["b", { value: "x".repeat(20_000_000) }],
    ]);
    expect(() => store.write(changes)).toThrow(
      expect.objectContaining({ key: "b", code: "too_large" }),
    );
  });
  await inObject("V12 big", ({ storage }) => {
    expect([...storage.kv.list()]).toEqual([]);
  });
});

test("V13 with `throwOnError: false` the state goes on, memory is what storage holds, and onPersistError hears of each key", async () => {
  const failed: [string, string][] = [];
  deploy(
    { a: 1, b: 2 },
    { throwOnError: false, onPersistError: (key, error) => failed.push([key, error.code]) },
  );
  await inObject("V13", ({ persisted, state, storage }) => {
    state["a"] = () => {};
    state["b"] = "x".repeat(3_000_000);
    expect(failed).toEqual([
      ["a", "bad_request"],
      ["b", "too_large"],
    ]);
    Object.assign(state, { a: 10, b: 20 });
    vi.spyOn(storage.kv, "put").mockImplementationOnce(() => {
      throw new Error("quota");
    });
    persisted.flush();
    expect(snapshot(state)).toEqual({ a: 1, b: 2 });
    expect(failed.slice(2)).toEqual([
      ["a", "unavailable"],
      ["b", "unavailable"],
    ]);
    state["a"] = 11;
    persisted.flush();
  });
  expect(await stateOf("V13")).toEqual({ a: 11, b: 2 });
});

test("V14 a value is read with the storage's own `get` at the prefix and its key; a deleted key has a row of its own", async () => {
  deploy({ theme: "dark", count: 0 });
  await handle("V14", (state) => {
    state["theme"] = "light";
    delete state["count"];
  });
  await inObject("V14", async ({ storage }) => {
    expect(await storage.get("perdure:state:theme")).toBe("light");
    expect(await storage.list()).toEqual(
      new Map<string, unknown>([
        ["perdure:state:\0deleted\0count", true],
        ["perdure:state:theme", "light"],
      ]),
    );
  });
  deployed.layout = { prefix: "mine/" };
  await handle("V14", (state) => {
    state["theme"] = "blue";
  });
  await inObject("V14", async ({ storage }) => {
    expect(await storage.get("mine/theme")).toBe("blue");
  });
});

test("V15 data of an older layout is taken over once, is left where it was, and loses against what was stored since", async () => {
  deploy({ count: 0, preferences: {}, plain: "", theme: "dark", other: 1 });
  await handle("V15", (state) => {
    state["theme"] = "own";
    delete state["other"];
  });
  await inObject("V15", ({ storage }) => {
    const older = { count: "7", preferences: '{"size":3}', plain: "no { json", theme: '"older"' };
    for (const [key, value] of Object.entries({ ...older, other: "5", unknown: "1" }))
      storage.kv.put(`older:${key}`, value);
  });
  deployed.layout = { takeOver: { prefix: "older:" } };
  const taken = { count: 7, preferences: { size: 3 }, plain: "no { json", theme: "own" };
  expect(await stateOf("V15")).toEqual(taken);
  await inObject("V15", ({ storage }) => {
    expect(storage.kv.get("perdure:state:count")).toBe(7);
    expect(storage.kv.get("older:count")).toBe("7");
    expect(storage.kv.get("perdure:state:unknown")).toBeUndefined();
    storage.kv.put("older:count", "8");
  });
  expect(await stateOf("V15")).toEqual(taken);
  deployed.layout = {};
  expect(await stateOf("V15")).toEqual(taken);
});

test("V16 an element that has moved inside of its list is still that of the state after an eviction", async () => {
  deploy({ list: [{ done: false }, { done: false }] }, { shallow: false });
  await handle("V16", (state) => {
    const list = known(state["list"], Array);
    const [first, second] = list as { done: boolean }[];
    list.splice(0, 2, second, first);
    Object.assign(first ?? {}, { done: true });
  });
  expect(await stateOf("V16")).toEqual({ list: [{ done: false }, { done: true }] });
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
