import { expect, test, vi } from "vitest";
import { snapshot } from "../../src/connection/index.ts";
import { DurableStateStore } from "../../src/connection/state/index.ts";
import { deploy, handle, inObject, layOut, stateOf } from "./state-setup.ts";

test("V10 1,000 increments in a handler write one row", async () => {
  deploy("V10", { count: 0, inside: { count: 0 } }, { shallow: false });
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
      name,
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
  deploy("V12", { a: 1, b: 2 });
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
    "V13",
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
  deploy("V14", { theme: "dark", count: 0 });
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
  layOut("V14", { prefix: "mine/" });
  await handle("V14", (state) => {
    state["theme"] = "blue";
  });
  await inObject("V14", async ({ storage }) => {
    expect(await storage.get("mine/theme")).toBe("blue");
  });
});

test("V15 data of an older layout is taken over once, is left where it was, and loses against what was stored since", async () => {
  deploy("V15", { count: 0, preferences: {}, plain: "", theme: "dark", other: 1 });
  await handle("V15", (state) => {
    state["theme"] = "own";
    delete state["other"];
  });
  await inObject("V15", ({ storage }) => {
    const older = { count: "7", preferences: '{"size":3}', plain: "no { json", theme: '"older"' };
    for (const [key, value] of Object.entries({ ...older, other: "5", unknown: "1" }))
      storage.kv.put(`older:${key}`, value);
  });
  layOut("V15", { takeOver: { prefix: "older:" } });
  const taken = { count: 7, preferences: { size: 3 }, plain: "no { json", theme: "own" };
  expect(await stateOf("V15")).toEqual(taken);
  await inObject("V15", ({ storage }) => {
    expect(storage.kv.get("perdure:state:count")).toBe(7);
    expect(storage.kv.get("older:count")).toBe("7");
    expect(storage.kv.get("perdure:state:unknown")).toBeUndefined();
    storage.kv.put("older:count", "8");
  });
  expect(await stateOf("V15")).toEqual(taken);
  layOut("V15", {});
  expect(await stateOf("V15")).toEqual(taken);
});

test("V15 older data that cannot be written yet is read from where it is, each time", async () => {
  await inObject("V15 unwritten", ({ storage }) => {
    storage.kv.put("older:count", "7");
    vi.spyOn(storage.kv, "put").mockImplementation(() => {
      throw new Error("quota");
    });
    for (let wake = 0; wake < 2; wake += 1) {
      const store = new DurableStateStore(storage, { takeOver: { prefix: "older:" } });
      expect(store.load(new Set(["count"])).get("count")).toEqual({ value: 7 });
    }
    expect([...storage.kv.list()]).toEqual([["older:count", "7"]]);
  });
});

test("V14 an empty prefix is refused: all that is stored would be read", async () => {
  await inObject("V14 empty", ({ storage }) => {
    expect(() => new DurableStateStore(storage, { prefix: "" })).toThrow("is not empty");
    expect(() => new DurableStateStore(storage, { takeOver: { prefix: "" } })).toThrow(
      "is not empty",
    );
  });
});
