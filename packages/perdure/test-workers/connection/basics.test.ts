import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { journalOf } from "../objects/user-do.ts";
import { emit, greet, nextEvent, openUser } from "./user-socket.ts";

test("E1 state is there on every path after an eviction, and what is written there is stored", async () => {
  const stub = env.USER.getByName("paths");
  const socket = await openUser("paths");
  emit(socket, "add", 5);
  expect(await nextEvent(socket, "count")).toBe(5);
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(5);
  await evictDurableObject(stub);
  emit(socket, "add", 1);
  expect(await nextEvent(socket, "count")).toBe(6);
  await evictDurableObject(stub);
  expect(await (await stub.fetch("https://object/any")).json()).toBe(6);
  await evictDurableObject(stub);
  const changing = await openUser("paths", { clientId: "changing" });
  await vi.waitFor(() => expect(journalOf("paths")).toContain("connect 6"));
  await evictDurableObject(stub);
  await stub.setTimer("now");
  await evictDurableObject(stub);
  await runDurableObjectAlarm(stub);
  await vi.waitFor(() => expect(journalOf("paths")).toContain("timer now 7"));
  await evictDurableObject(stub);
  changing.close();
  await vi.waitFor(() => expect(journalOf("paths")).toContain("disconnect 1007"));
  await evictDurableObject(stub);
  expect(await env.USER.get(env.USER.idFromName("paths")).count()).toBe(1107);
});

test("E2 an object in which nothing was changed writes nothing", async () => {
  const stub = env.USER.getByName("blank");
  const socket = await openUser("blank");
  await greet(socket, "client");
  emit(socket, "echo", 1);
  await nextEvent(socket, "echo");
  emit(socket, "unknown");
  await nextEvent(socket, "unhandled");
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(0);
  socket.close();
  await vi.waitFor(() => expect(journalOf("blank")).toContain("disconnect 0"));
  expect(await stub.isUntouched()).toBe(true);
});

test("E3 what an RPC method writes is stored at the end of the turn, and what it emits leaves after that", async () => {
  const stub = env.USER.getByName("outside");
  const socket = await openUser("outside");
  await stub.add(3);
  expect(await nextEvent(socket, "count")).toBe(3);
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(3);
});

test("E3 what an RPC method writes while a handler runs is stored with what that writes", async () => {
  const stub = env.USER.getByName("outside while running");
  const socket = await openUser("outside while running");
  emit(socket, "wait", { gate: "outside", name: "handler" });
  await vi.waitFor(() => expect(journalOf("outside while running")).toContain("begin handler"));
  await stub.add(3);
  await stub.open("outside");
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject({ count: 4 });
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(4);
});

test("E14 before anything else the object hears that sockets have outlived its memory, whatever wakes it", async () => {
  const stub = env.USER.getByName("wakes");
  const socket = await openUser("wakes");
  await openUser("wakes");
  emit(socket, "add", 2);
  await nextEvent(socket, "count");
  await stub.setTimer("later");
  const wakes = [
    () => stub.count(),
    () => runDurableObjectAlarm(stub),
    () => openUser("wakes"),
    async () => emit(socket, "add", 1),
  ];
  for (const wake of wakes) {
    await evictDurableObject(stub);
    journalOf("wakes").length = 0;
    await wake();
    await vi.waitFor(() => expect(journalOf("wakes")[0]).toMatch(/^restored \d+, [23] sockets$/));
  }
  expect(journalOf("wakes").filter((what) => what.startsWith("restored"))).toHaveLength(1);
});

test("E14 where no socket was restored nothing is said", async () => {
  const stub = env.USER.getByName("nobody there");
  await stub.add(1);
  await evictDurableObject(stub);
  expect(await stub.count()).toBe(1);
  await openUser("nobody there");
  await vi.waitFor(() => expect(journalOf("nobody there")).toEqual(["connect 1"]));
});
