import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { ROOT_SHARD_NAME } from "../../src/shard/index.ts";

const add = (board: string, title: string, id?: string) => ({
  functionPath: "mutations.addTask",
  args: { board, title },
  id,
});

test("Z100 a call by stub answers a value and a position, over an eviction", async () => {
  const stub = env.BOARD.getByName("by stub");
  expect(await stub.call(add("by stub", "one"))).toEqual({
    ok: true,
    value: { value: { id: 1, title: "one" }, position: 1 },
  });
  await evictDurableObject(stub);
  expect(await stub.call({ functionPath: "tasks", args: { board: "by stub" } })).toEqual({
    ok: true,
    value: { value: [{ id: 1, title: "one" }], position: 1 },
  });
  const ada = { subject: "ada", team: "red" };
  expect(await stub.call({ functionPath: "mine", args: { board: "by stub" } }, ada)).toMatchObject({
    value: { value: ada },
  });
});

test("Z100 a mutation with an id has its effect once, over an eviction", async () => {
  const stub = env.BOARD.getByName("once");
  const first = await stub.call(add("once", "one", "command-1"));
  await evictDurableObject(stub);
  expect(await stub.call(add("once", "one", "command-1"))).toEqual(first);
  expect(await stub.call(add("once", "two", "command-1"))).toMatchObject({
    ok: false,
    error: { code: "id_reused" },
  });
  expect(await stub.allTasks()).toHaveLength(1);
});

test("Z100 a batch is all or nothing", async () => {
  const stub = env.BOARD.getByName("batch");
  const fail = { functionPath: "fail", args: { board: "batch", known: true } };
  expect(await stub.batch([add("batch", "one"), fail])).toMatchObject({
    ok: false,
    error: { code: "forbidden" },
  });
  expect(await stub.allTasks()).toEqual([]);
  expect(await stub.batch([add("batch", "one"), add("batch", "two")])).toMatchObject({
    ok: true,
    value: [{ position: 1 }, { position: 1 }],
  });
});

test("Z101 errors keep their codes, and what is not ours is told to the log alone", async () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const stub = env.BOARD.getByName("errors");
  const codeOf = async (functionPath: string, args: object) => {
    const answer = await stub.call({ functionPath, args });
    expect(JSON.stringify(answer)).not.toContain("a secret");
    return answer.ok ? "ok" : answer.error.code;
  };
  expect(await codeOf("nothing", {})).toBe("not_found");
  expect(await codeOf("allTasks", {})).toBe("not_found");
  expect(await codeOf("addTask", { board: "errors" })).toBe("bad_request");
  expect(await codeOf("fail", { board: "errors", known: true })).toBe("forbidden");
  expect(log).not.toHaveBeenCalled();
  expect(await codeOf("fail", { board: "errors", known: false })).toBe("internal");
  expect(log).toHaveBeenCalledOnce();
});

test("Z102 a class that is not extended has no functions, says so, and stores nothing", async () => {
  const stub = env.PLAIN_SHARD.getByName("plain");
  const refusal = { ok: false, error: { code: "not_found" } };
  expect(await stub.call({ functionPath: "tasks" })).toMatchObject({
    ...refusal,
    error: { detail: expect.stringContaining("static functions") },
  });
  expect(await stub.batch([{ functionPath: "tasks" }])).toMatchObject(refusal);
  await runInDurableObject(stub, (_object, { storage }) => {
    const tables =
      "SELECT count(*) AS count FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'";
    expect(storage.sql.exec(tables).one()).toEqual({ count: 0 });
  });
});

test("Z102 methods of a subclass are called by stub, and write in commits", async () => {
  const stub = env.BOARD.getByName("methods");
  expect(await stub.customMethod({ foo: "bar" })).toEqual({ ok: true, foo: "bar" });
  expect(await stub.importTasks(["one", "two"])).toBe(2);
  expect(await stub.call({ functionPath: "tasks", args: { board: "methods" } })).toMatchObject({
    value: { position: 1, value: [{ title: "one" }, { title: "two" }] },
  });
});

test("Z103 the root shard warns with bytes, limit and what to do, once after each wake", async () => {
  const warned = vi.spyOn(console, "warn").mockReturnValue();
  const root = env.FULL_BOARD.getByName(ROOT_SHARD_NAME);
  await root.call(add("root", "small"));
  expect(warned.mock.calls).toEqual([]);
  await root.call(add("root", "x".repeat(300 * 1024)));
  await root.call(add("root", "small"));
  const warning = [
    expect.stringMatching(
      /^perdure: the root shard stores \d{6} bytes, and 262144 .*\.shardBy\(\)/,
    ),
  ];
  expect(warned.mock.calls).toEqual([warning]);
  await evictDurableObject(root);
  await root.allTasks();
  expect(warned.mock.calls).toEqual([warning, warning]);

  const other = env.FULL_BOARD.getByName("full");
  await other.call(add("full", "x".repeat(300 * 1024)));
  expect(warned.mock.calls[2]).toEqual([expect.stringMatching(/the object full stores/)]);
});
