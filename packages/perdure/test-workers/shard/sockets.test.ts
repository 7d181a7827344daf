import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from "../../src/protocol/index.ts";
import type { ShardSocketMeta } from "../../src/shard/index.ts";
import { openSocket } from "../../src/testing/index.ts";
import { runs } from "../objects/board-do.ts";
import { follow, openShard } from "./shard-socket.ts";

/** Longer than a delta, so that one is sent. */
const LONG = "x".repeat(200);

const add = (board: string, title: string) => ({
  functionPath: "mutations.addTask",
  args: { board, title },
});

test("Z110 a subscription is acknowledged, seeded, and told what changes", async () => {
  const stub = env.BOARD.getByName("follow");
  await stub.call(add("follow", LONG));
  const socket = await openShard(stub);
  socket.send({ t: "subscribe", id: 7, functionPath: "tasks", args: { board: "follow" } });
  expect(await socket.next("subscribed")).toEqual({ t: "subscribed", id: 7, key: ["id"] });
  expect(await socket.next("seed")).toEqual({
    t: "seed",
    id: 7,
    position: 1,
    value: [{ id: 1, title: LONG }],
  });
  await stub.call(add("follow", "two"));
  expect(await socket.next("commit")).toEqual({
    t: "commit",
    position: 2,
    changes: [[7, { delta: { insert: [{ at: 1, row: { id: 2, title: "two" } }] } }]],
  });
  expect(socket.texts).toHaveLength(3);
});

test("Z111 a subscription survives an eviction: waking runs nothing, and the next commit tells the change", async () => {
  const stub = env.BOARD.getByName("evicted");
  const socket = await openShard(stub);
  await follow(socket, "evicted");
  await evictDurableObject(stub);
  await stub.call({ functionPath: "mine", args: { board: "evicted" } });
  expect(runs.get("evicted")).toBe(1);
  await evictDurableObject(stub);
  await stub.call(add("evicted", "one"));
  expect(await socket.next("commit")).toMatchObject({ position: 1, changes: [[1, {}]] });
  expect(runs.get("evicted")).toBe(2);
  await evictDurableObject(stub);
  await stub.importTasks(["two"]);
  expect(await socket.next("commit")).toMatchObject({ position: 2 });
  expect(socket.texts).toHaveLength(4);
});

test("Z112 who comes back gets what was missed, or a reset", async () => {
  const stub = env.BOARD.getByName("back");
  await stub.call(add("back", LONG));
  const first = await openShard(stub);
  await follow(first, "back");
  first.close();
  await first.closed;
  await stub.call(add("back", "one"));
  await evictDurableObject(stub);
  const second = await openShard(stub);
  expect(await follow(second, "back", 1, 1)).toEqual({
    t: "missed",
    id: 1,
    position: expect.any(Number),
    changes: [{ delta: { insert: [{ at: 1, row: { id: 2, title: "one" } }] } }],
  });
  const { position } = (await follow(second, "back", 2)) as { position: number };
  expect(await follow(second, "back", 3, position)).toMatchObject({ t: "missed", changes: [] });
  expect(await follow(second, "back", 4, position + 1)).toMatchObject({
    t: "reset",
    position,
    value: [
      { id: 1, title: LONG },
      { id: 2, title: "one" },
    ],
  });
});

test("Z113 a query runs once for each commit, whatever the number of sockets", async () => {
  const stub = env.BOARD.getByName("many");
  const sockets = await Promise.all(Array.from({ length: 100 }, () => openShard(stub)));
  await Promise.all(sockets.map((socket) => follow(socket, "many")));
  expect(runs.get("many")).toBe(1);
  await stub.call(add("many", "one"));
  for (const socket of sockets) expect(await socket.next("commit")).toMatchObject({ position: 1 });
  expect(runs.get("many")).toBe(2);
  await evictDurableObject(stub);
  await stub.call(add("many", "two"));
  for (const socket of sockets) expect(await socket.next("commit")).toMatchObject({ position: 2 });
  expect(runs.get("many")).toBe(3);
});

test("Z114 a call is answered after what it changed, and has its effect once", async () => {
  const stub = env.BOARD.getByName("calls");
  const socket = await openShard(stub);
  await follow(socket, "calls");
  socket.send({ t: "call", id: "a", ...add("calls", "one") });
  const result = await socket.until(({ t }) => t === "commit" || t === "result");
  expect(result.t).toBe("commit");
  const answer = { t: "result", id: "a", position: 1, value: { id: 1, title: "one" } };
  expect(await socket.next("result")).toEqual(answer);
  await evictDurableObject(stub);
  socket.send({ t: "call", id: "a", ...add("calls", "one") });
  expect(await socket.next("result")).toEqual(answer);
  expect(await stub.allTasks()).toHaveLength(1);
});

test("Z114 one frame tells a socket all that a commit changed", async () => {
  const stub = env.BOARD.getByName("frames");
  const socket = await openShard(stub);
  await follow(socket, "frames", 1);
  await follow(socket, "frames", 2);
  await stub.importTasks(["one", "two"]);
  const commit = await socket.next("commit");
  expect(commit.changes.map(([id]) => id)).toEqual([1, 2]);
});

test("Z115 what is refused names its request, and the socket stays", async () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const stub = env.BOARD.getByName("refused");
  const socket = await openShard(stub, { identity: null, functions: ["queries.tasks"] });
  const refusalOf = async (frame: object) => {
    socket.send(frame);
    const { id, error } = await socket.next("refused");
    return [id, error.code];
  };
  const args = { board: "refused" };
  expect(await refusalOf({ t: "call", id: "a", functionPath: "nothing" })).toEqual([
    "a",
    "not_found",
  ]);
  expect(await refusalOf({ t: "call", id: "b", functionPath: "customMethod" })).toEqual([
    "b",
    "not_found",
  ]);
  expect(await refusalOf({ t: "call", id: "c", ...add("refused", "one") })).toEqual([
    "c",
    "forbidden",
  ]);
  expect(await refusalOf({ t: "subscribe", id: 1, functionPath: "mine", args })).toEqual([
    1,
    "forbidden",
  ]);
  expect(await refusalOf({ t: "subscribe", id: 1, functionPath: "tasks" })).toEqual([
    1,
    "bad_request",
  ]);
  await follow(socket, "refused");
  expect(await refusalOf({ t: "subscribe", id: 1, functionPath: "tasks", args })).toEqual([
    1,
    "bad_request",
  ]);
  expect(await stub.allTasks()).toEqual([]);
  expect(log).not.toHaveBeenCalled();
});

test("Z115 what is no frame closes the socket, and so does another's connection", async () => {
  const stub = env.BOARD.getByName("no frame");
  const socket = await openShard(stub);
  socket.send({ t: "hello" });
  expect(await socket.next("error")).toMatchObject({ error: { code: "bad_frame" } });
  expect(await socket.closed).toMatchObject({ code: 4400 });
  await expect(openSocket(stub)).rejects.toThrow("403");
  await expect(openSocket(stub, { kind: "shard" })).rejects.toThrow("403");
});

test("Z116 a socket has as many subscriptions as are allowed, beside a large identity and over an eviction", async () => {
  const stub = env.BOARD.getByName("bounds");
  const socket = await openShard(stub, { identity: { subject: "ada", more: "x".repeat(8_000) } });
  for (let id = 0; id < MAX_SUBSCRIPTIONS_PER_SOCKET; id += 1)
    expect(await follow(socket, "bounds", id)).toMatchObject({ t: "seed" });
  await evictDurableObject(stub);
  const refusal = { t: "refused", id: 128, error: { code: "too_many_queries" } };
  expect(await follow(socket, "bounds", 128)).toMatchObject(refusal);
  socket.send({ t: "unsubscribe", id: 3 });
  expect(await follow(socket, "bounds", 128)).toMatchObject({ t: "seed" });
  expect(runs.get("bounds")).toBe(1 + 1);
});

test("Z116 who has unsubscribed is told nothing, and what nobody follows does not run", async () => {
  const stub = env.BOARD.getByName("left");
  const socket = await openShard(stub);
  await follow(socket, "left", 1);
  socket.send({ t: "unsubscribe", id: 1 });
  socket.send({ t: "unsubscribe", id: 99 });
  socket.send({ t: "call", id: "a", ...add("left", "one") });
  await socket.next("result");
  expect(socket.texts.some((text) => text.includes('"commit"'))).toBe(false);
  expect(runs.get("left")).toBe(1);
});

test("Z117 a socket whose identity has expired is closed at that moment", async () => {
  const stub = env.BOARD.getByName("expired");
  const socket = await openShard(stub, undefined, { expiresAt: Date.now() + 300 });
  await follow(socket, "expired");
  expect(await socket.closed).toMatchObject({ code: 4401 });
});

test("Z200 a hello is answered with the position, at any time, and by each life of the object", async () => {
  const stub = env.BOARD.getByName("hello");
  await stub.call(add("hello", "one"));
  const socket = await openShard(stub);
  await follow(socket, "hello");
  socket.send({ t: "hello", v: 1 });
  const first = await socket.next("welcome");
  expect(first).toMatchObject({ t: "welcome", v: 1, position: 1 });
  await evictDurableObject(stub);
  socket.send({ t: "hello", v: 1 });
  const second = await socket.next("welcome");
  expect(second).toEqual({ ...first, i: second.i });
  expect(second.i).not.toBe(first.i);
});

test("Z200 another version is refused, and the socket closes", async () => {
  const socket = await openShard(env.BOARD.getByName("version"));
  socket.send({ t: "hello", v: 2 });
  expect((await socket.next("error")).error.code).toBe("unsupported_version");
  expect(await socket.closed).toMatchObject({ code: 4400 });
});

test("Z201 who it is depends on the identity, and on nothing of the login", async () => {
  const stub = env.BOARD.getByName("who");
  const whoOf = async (identity: ShardSocketMeta["identity"], expiresAt: number | null = null) => {
    const socket = await openShard(stub, { identity }, { expiresAt });
    socket.send({ t: "hello", v: 1 });
    return (await socket.next("welcome")).who;
  };
  const ada = await whoOf({ subject: "ada", team: 1 });
  expect(await whoOf({ team: 1, subject: "ada" }, Date.now() + 60_000)).toBe(ada);
  const others = [{ subject: "ada", team: 2 }, { subject: "bob", team: 1 }, null].map((one) =>
    whoOf(one),
  );
  expect(new Set([ada, ...(await Promise.all(others))]).size).toBe(4);
});

async function historyOf(name: string) {
  const socket = await openShard(env.BOARD.getByName(name));
  socket.send({ t: "hello", v: 1 });
  return (await socket.next("welcome")).history;
}

test("Z201 a history is that of the storage, over any loss of memory", async () => {
  const first = await historyOf("history");
  await evictDurableObject(env.BOARD.getByName("history"));
  expect(await historyOf("history")).toBe(first);
  expect(await historyOf("another history")).not.toBe(first);
});

test("Z202 a commit names its call to the socket that called, and to no other", async () => {
  const stub = env.BOARD.getByName("call");
  const [caller, other] = [await openShard(stub), await openShard(stub)];
  await follow(caller, "call");
  await follow(other, "call");
  caller.send({ t: "call", id: 'm"1', ...add("call", "one") });
  expect(await caller.next("commit")).toMatchObject({ position: 1, call: 'm"1' });
  expect(await caller.next("result")).toMatchObject({ position: 1, id: 'm"1' });
  await stub.call(add("call", "two"));
  for (const commit of [
    await caller.next("commit"),
    await other.next("commit"),
    await other.next("commit"),
  ])
    expect(commit).not.toHaveProperty("call");
});
