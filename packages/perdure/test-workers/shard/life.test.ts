import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { runs } from "../objects/board-do.ts";
import { follow, openShard } from "./shard-socket.ts";

const HOUR = 60 * 60 * 1000;

test("Z22 a query that nobody has followed for an hour is forgotten, by a timer, over evictions", async () => {
  const stub = env.BOARD.getByName("idle");
  const look = () =>
    runInDurableObject(stub, async (_object, { storage }) => ({
      alarm: await storage.getAlarm(),
      queries: storage.sql.exec("SELECT id FROM perdure_queries").toArray().length,
    }));
  const socket = await openShard(stub);
  await follow(socket, "idle");
  const left = Date.now();
  const now = vi.spyOn(Date, "now").mockReturnValue(left);
  socket.close();
  await socket.closed;
  await vi.waitFor(async () => expect(await look()).toEqual({ alarm: left + HOUR, queries: 1 }));
  await evictDurableObject(stub);
  // Somebody looks in meanwhile.
  now.mockReturnValue(left + HOUR / 2);
  const visitor = await openShard(stub);
  expect(await follow(visitor, "idle", 1, 0)).toMatchObject({ t: "missed" });
  expect(runs.get("idle")).toBe(1);
  visitor.close();
  await visitor.closed;
  await evictDurableObject(stub);
  now.mockReturnValue(left + HOUR);
  await runDurableObjectAlarm(stub);
  expect(await look()).toEqual({ alarm: left + 1.5 * HOUR, queries: 1 });
  await evictDurableObject(stub);
  now.mockReturnValue(left + 1.5 * HOUR);
  await runDurableObjectAlarm(stub);
  expect(await look()).toEqual({ alarm: null, queries: 0 });
  now.mockRestore();
});

test("Z25 a table that the platform makes for itself is no change of the schema: waking runs nothing", async () => {
  const stub = env.BOARD.getByName("first alarm");
  const socket = await openShard(stub);
  await follow(socket, "first alarm");
  const tables = () =>
    runInDurableObject(stub, (_object, { storage }) =>
      storage.sql
        .exec("SELECT name FROM sqlite_schema WHERE name LIKE '\\_cf%' ESCAPE '\\'")
        .toArray(),
    );
  expect(await tables()).toEqual([]);
  await runInDurableObject(stub, (_object, { storage }) => storage.setAlarm(Date.now() + HOUR));
  expect(await tables()).toHaveLength(1);
  await evictDurableObject(stub);
  await stub.call({ functionPath: "mine", args: { board: "first alarm" } });
  expect(runs.get("first alarm")).toBe(1);
});

test("Z101 what a handler throws is told to a socket and over HTTP as `internal`, without its text", async () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const socket = await openShard(env.BOARD.getByName("redacted"));
  const args = { board: "redacted", known: false };
  socket.send({ t: "call", id: "a", functionPath: "fail", args });
  expect(await socket.next("refused")).toMatchObject({ id: "a", error: { code: "internal" } });
  expect(socket.texts.join()).not.toContain("a secret");
  expect(String(log.mock.calls[0])).toContain("a secret");
  socket.send({ t: "call", id: "b", functionPath: "fail", args: { ...args, known: true } });
  expect(await socket.next("refused")).toMatchObject({ id: "b", error: { code: "forbidden" } });
});

test("Z102 a shard takes no frames but those of its functions: a method of its class is not among them", async () => {
  const socket = await openShard(env.BOARD.getByName("methods by socket"));
  for (const functionPath of ["importTasks", "call", "disconnect", "constructor", "__proto__"]) {
    socket.send({ t: "call", id: functionPath, functionPath, args: ["one"] });
    expect(await socket.next("refused")).toMatchObject({ error: { code: "not_found" } });
  }
});

test("Z5 an id that was used over HTTP or by stub is used on a socket too, by the same subject", async () => {
  const stub = env.BOARD.getByName("same id");
  const ada = { subject: "ada" };
  const request = {
    id: "one",
    functionPath: "mutations.addTask",
    args: { board: "same id", title: "x" },
  };
  await stub.call(request, ada);
  const socket = await openShard(stub, { identity: ada });
  socket.send({ t: "call", ...request });
  expect(await socket.next("result")).toMatchObject({ position: 1, value: { id: 1 } });
  const bob = await openShard(stub, { identity: { subject: "bob" } });
  bob.send({ t: "call", ...request });
  expect(await bob.next("refused")).toMatchObject({ error: { code: "id_reused" } });
  expect(await stub.allTasks()).toHaveLength(1);
});
