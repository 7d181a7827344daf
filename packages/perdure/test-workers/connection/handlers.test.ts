import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { MAX_WAITING_EVENTS } from "../../src/protocol/index.ts";
import { journalOf, user } from "../objects/user-do.ts";
import { emit, eventsOf, greet, nextEvent, openUser } from "./user-socket.ts";

const nothing = (): void => {};

/** Has storage fail in the midst of a transaction: at the write with this number, counted from now on. */
function failAtWrite(user: string, number: number): Promise<void> {
  return runInDurableObject(env.USER.getByName(user), (_, { storage }) => {
    const { kv } = storage;
    const write = kv.put.bind(kv);
    const put = vi.spyOn(kv, "put");
    for (let count = 1; count < number; count += 1) put.mockImplementationOnce(write);
    put.mockImplementationOnce(() => {
      put.mockRestore();
      throw new Error("database or disk is full: SQLITE_FULL");
    });
  });
}

test("E4 handlers run one at a time in order, over all sockets, with those of opening and closing among them", async () => {
  const stub = env.USER.getByName("serial");
  const [first, second] = [await openUser("serial"), await openUser("serial")];
  emit(first, "wait", { gate: "serial", name: "a" });
  await vi.waitFor(() => expect(journalOf("serial")).toContain("begin a"));
  emit(second, "wait", { gate: "serial", name: "b" });
  second.close();
  await openUser("serial");
  emit(first, "wait", { gate: "serial", name: "c" });
  await stub.open("serial");
  await vi.waitFor(() => expect(journalOf("serial")).toContain("end c"));
  const journal = journalOf("serial").slice(2);
  expect(journal.toSorted()).toEqual(
    [
      "begin a",
      "end a",
      "begin b",
      "end b",
      "disconnect 2",
      "connect 2",
      "begin c",
      "end c",
    ].toSorted(),
  );
  for (const name of ["a", "b", "c"])
    expect(journal.indexOf(`end ${name}`)).toBe(journal.indexOf(`begin ${name}`) + 1);
});

test("E5 handlers of one event run in the order of `on`, and `off` removes one or all", async () => {
  const socket = await openUser("order");
  emit(socket, "twice");
  expect([await nextEvent(socket, "twice"), await nextEvent(socket, "twice")]).toEqual([
    "first",
    "second",
  ]);
  user.on("removed", nothing).on("removed", () => {});
  expect(user.off("removed", nothing).handlersOf("removed")).toHaveLength(1);
  expect(user.off("removed").handlersOf("removed")).toHaveLength(0);
});

test("E6 a concurrent handler waits for nobody and nothing waits for it", async () => {
  const stub = env.USER.getByName("beside");
  const socket = await openUser("beside");
  emit(socket, "beside", { gate: "beside", name: "one" });
  emit(socket, "add", 1);
  expect(await nextEvent(socket, "count")).toBe(1);
  emit(socket, "wait", { gate: "never beside", name: "serial" });
  await vi.waitFor(() => expect(journalOf("beside")).toContain("begin serial"));
  emit(socket, "beside", { gate: "open beside", name: "two" });
  await vi.waitFor(() => expect(journalOf("beside")).toContain("begin two"));
  await stub.open("beside");
  await stub.open("never beside");
  expect(await nextEvent(socket, "beside")).toBe("one");
});

test("E6 what a concurrent handler did is not undone where it throws, but what it emitted is not sent", async () => {
  const stub = env.USER.getByName("beside fails");
  const socket = await openUser("beside fails");
  await stub.open("beside fails");
  emit(socket, "beside", { gate: "beside fails", name: "fails" });
  expect((await socket.next("error")).error).toEqual({
    code: "bad_request",
    detail: "beside the point",
  });
  expect(eventsOf(socket)).toEqual([]);
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(1);
});

test("E7 past the events that may wait the socket is closed, and what waited is handled", async () => {
  const stub = env.USER.getByName("full");
  const [waiting, eager] = [await openUser("full"), await openUser("full")];
  emit(waiting, "wait", { gate: "full", name: "first" });
  await vi.waitFor(() => expect(journalOf("full")).toContain("begin first"));
  for (let count = 0; count <= MAX_WAITING_EVENTS; count += 1) emit(eager, "add", 1);
  expect(await eager.closed).toMatchObject({ code: 4429 });
  await stub.open("full");
  await vi.waitFor(async () => expect(await stub.count()).toBe(MAX_WAITING_EVENTS + 1));
});

test("E8 a handler that throws leaves state and meta as they were, in memory and storage, and sends nothing", async () => {
  const stub = env.USER.getByName("throws");
  const socket = await openUser("throws");
  emit(socket, "add", 5);
  emit(socket, "fail");
  emit(socket, "look");
  const look = { count: 5, list: [], unstored: 0, meta: { channels: ["default"] } };
  expect(await nextEvent(socket, "look")).toMatchObject(look);
  expect(socket.texts.join("\n")).not.toContain("never");
  expect(journalOf("throws")).toContain("error not like this");
  await evictDurableObject(stub);
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject(look);
});

test("E8 where onConnect or onDisconnect throws, everything else goes on", async () => {
  const socket = await openUser("unlucky", { clientId: "unlucky" });
  const other = await openUser("unlucky");
  emit(socket, "add", 1);
  expect(await nextEvent(socket, "count")).toBe(1);
  socket.close();
  await vi.waitFor(() => expect(journalOf("unlucky")).toContain("error no luck at the end"));
  expect(journalOf("unlucky")).toContain("error no luck at first");
  emit(other, "add", 1);
  expect(await nextEvent(other, "count")).toBe(2);
});

test("E9 the text of an error with a code reaches the client, and no other", async () => {
  const socket = await openUser("told");
  await greet(socket, "client");
  emit(socket, "fail", "known", 1);
  emit(socket, "fail", "secret", 2);
  emit(socket, "fail", "secret");
  expect(await socket.next("ack")).toEqual({
    t: "ack",
    n: 1,
    error: { code: "bad_request", detail: "not like this" },
  });
  expect(await socket.next("ack")).toMatchObject({ n: 2, error: { code: "internal" } });
  expect((await socket.next("error")).error.code).toBe("internal");
  expect(socket.texts.join("\n")).not.toContain("secret of");
});

test("E10 what was stored by flush is not undone any more", async () => {
  const stub = env.USER.getByName("flushes");
  const socket = await openUser("flushes");
  emit(socket, "flushThenFail");
  emit(socket, "look");
  const look = { count: 1, meta: { channels: ["default", "flushed"] } };
  expect(await nextEvent(socket, "look")).toMatchObject(look);
  await evictDurableObject(stub);
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject(look);
});

test("E10 where storage fails flush rejects, nothing is stored, and the handler may go on", async () => {
  const stub = env.USER.getByName("flush fails");
  const socket = await openUser("flush fails");
  await failAtWrite("flush fails", 2);
  emit(socket, "flushFails");
  expect(await nextEvent(socket, "failed")).toEqual({
    why: { code: "unavailable", key: "nested" },
    count: 0,
    list: [],
  });
  await evictDurableObject(stub);
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject({ count: 1, list: [] });
});

test("E10 inside a transaction of storage flush is refused", async () => {
  const socket = await openUser("flushes inside");
  emit(socket, "flushInside");
  expect((await socket.next("error")).error).toMatchObject({
    code: "bad_request",
    detail: expect.stringContaining("before or after") as string,
  });
});

test("E15 of handlers that run in a row each is undone by itself, in memory and storage", async () => {
  const stub = env.USER.getByName("row");
  const socket = await openUser("row");
  await failAtWrite("row", 3);
  for (let count = 1; count <= 5; count += 1) {
    emit(socket, "add", 1);
    emit(socket, "fail");
  }
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject({ count: 4, list: [] });
  expect(journalOf("row").join()).toContain("SQLITE_FULL");
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(4);
});

test("E12 an event without a handler goes to onMessage", async () => {
  const socket = await openUser("unhandled");
  emit(socket, "whatever", { type: "field" });
  expect(await nextEvent(socket, "unhandled")).toEqual({
    event: "whatever",
    data: { type: "field" },
  });
});
