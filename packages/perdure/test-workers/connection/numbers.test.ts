import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { MAX_REMEMBERED_REFUSALS } from "../../src/protocol/index.ts";
import { journalOf } from "../objects/user-do.ts";
import { emit, greet, nextEvent, openUser } from "./user-socket.ts";

test("E50 a numbered event has one effect, over any connection and after an eviction", async () => {
  const stub = env.USER.getByName("once");
  const socket = await openUser("once");
  expect(await greet(socket, "client")).toMatchObject({ last: 0 });
  emit(socket, "add", 1, 1);
  emit(socket, "add", 1, 1);
  expect(await socket.next("ack")).toEqual({ t: "ack", n: 1 });
  expect(await socket.next("ack")).toEqual({ t: "ack", n: 1 });
  await evictDurableObject(stub);
  const again = await openUser("once");
  expect(await greet(again, "client")).toMatchObject({ last: 1 });
  emit(again, "add", 1, 1);
  emit(again, "add", 1, 2);
  expect(await again.next("ack")).toEqual({ t: "ack", n: 1 });
  expect(await again.next("ack")).toEqual({ t: "ack", n: 2 });
  const other = await openUser("once");
  await greet(other, "another");
  emit(other, "add", 1, 1);
  await other.next("ack");
  expect(await stub.count()).toBe(3);
});

test("E50 an event that came over a connection which is gone is answered on the one that its client has now", async () => {
  const stub = env.USER.getByName("moved");
  const socket = await openUser("moved");
  await greet(socket, "client");
  emit(socket, "wait", { gate: "moved", name: "it" }, 1);
  await vi.waitFor(() => expect(journalOf("moved")).toContain("begin it"));
  const now = await openUser("moved");
  await greet(now, "client");
  socket.close();
  emit(now, "wait", { gate: "moved", name: "it" }, 1);
  await stub.open("moved");
  expect(await now.next("ack")).toEqual({ t: "ack", n: 1 });
  expect(await now.next("ack")).toEqual({ t: "ack", n: 1 });
  expect(await stub.count()).toBe(1);
});

test("E11 what a handler did is stored with its number or not at all, and memory is what storage holds", async () => {
  const stub = env.USER.getByName("together");
  const socket = await openUser("together");
  await greet(socket, "client");
  emit(socket, "add", 1, 1);
  await socket.next("ack");
  await runInDurableObject(stub, (_, { storage }) =>
    storage.sql.exec(
      "CREATE TRIGGER full BEFORE INSERT ON connection_clients BEGIN SELECT RAISE(ABORT, 'no room'); END",
    ),
  );
  emit(socket, "add", 1, 2);
  await vi.waitFor(() => expect(journalOf("together").join()).toContain("no room"));
  expect(await stub.count()).toBe(1);
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(1);
  await runInDurableObject(stub, (_, { storage }) => storage.sql.exec("DROP TRIGGER full"));
  emit(socket, "add", 1, 2);
  expect(await socket.next("ack")).toEqual({ t: "ack", n: 2 });
  expect(await stub.count()).toBe(2);
});

test("E51 a refusal is an answer, and is the same when the event comes again", async () => {
  const stub = env.USER.getByName("refuses");
  const socket = await openUser("refuses");
  await greet(socket, "client");
  emit(socket, "fail", undefined, 1);
  emit(socket, "add", 1, 2);
  const error = { code: "bad_request", detail: "not like this" };
  expect(await socket.next("ack")).toEqual({ t: "ack", n: 1, error });
  await socket.next("ack");
  await evictDurableObject(stub);
  emit(socket, "fail", undefined, 1);
  expect(await socket.next("ack")).toEqual({ t: "ack", n: 1, error });
  expect(journalOf("refuses").filter((what) => what.startsWith("error"))).toHaveLength(1);
  for (let n = 3; n < 3 + MAX_REMEMBERED_REFUSALS; n += 1) emit(socket, "fail", undefined, n);
  emit(socket, "fail", undefined, 1);
  await socket.until((frame) => frame.t === "ack" && frame.n === 1);
  expect(socket.texts.at(-1)).toBe(JSON.stringify({ t: "ack", n: 1 }));
});

test("E52 a number that leaves a gap is not handled, and closes the connection", async () => {
  const stub = env.USER.getByName("gap");
  const socket = await openUser("gap");
  await greet(socket, "client");
  emit(socket, "add", 1, 7);
  await socket.next("ack");
  await evictDurableObject(stub);
  emit(socket, "add", 1, 9);
  expect(await socket.closed).toMatchObject({ code: 1001 });
  expect(await stub.count()).toBe(1);
  const early = await openUser("gap");
  emit(early, "add", 1, 1);
  expect((await early.next("error")).error.code).toBe("bad_frame");
});

test("E54 a concurrent event has one effect at most", async () => {
  const stub = env.USER.getByName("at most");
  const socket = await openUser("at most");
  await greet(socket, "client");
  emit(socket, "beside", { gate: "at most", name: "one" }, 1);
  await vi.waitFor(() => expect(journalOf("at most")).toContain("begin one"));
  emit(socket, "add", 1, 2);
  await socket.next("ack");
  emit(socket, "beside", { gate: "at most", name: "one" }, 1);
  await stub.open("at most");
  expect(await nextEvent(socket, "beside")).toBe("one");
  expect(await stub.count()).toBe(2);
});
