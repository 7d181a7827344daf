import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { MAX_KEPT_EVENTS } from "../../src/protocol/index.ts";
import { journalOf } from "../objects/user-do.ts";
import { emit, greet, nextEvent, openUser } from "./user-socket.ts";

test("E60 a client that comes back gets what it missed, also what was sent after its close, and nothing twice", async () => {
  const stub = env.USER.getByName("comes back");
  const [socket, other] = [await openUser("comes back"), await openUser("comes back")];
  const { socket: id } = await greet(socket, "client");
  await stub.add(1);
  await stub.add(1);
  expect(await nextEvent(socket, "count")).toBe(1);
  socket.close();
  await vi.waitFor(() => expect(journalOf("comes back")).toContain("disconnect 2"));
  await stub.add(1);
  const again = await openUser("comes back");
  await stub.add(1);
  const welcome = await greet(again, "client", { socket: id, received: 1 });
  expect(welcome).toMatchObject({ recovered: true, missed: 2 });
  expect(again.texts.slice(0, 1).map((text) => JSON.parse(text) as unknown)).toMatchObject([
    { event: "count", data: 4 },
  ]);
  expect([await nextEvent(again, "count"), await nextEvent(again, "count")]).toEqual([2, 3]);
  emit(other, "add", 1);
  expect(await nextEvent(other, "count")).toBe(1);
});

test("E60 the connection before is closed, where it is still open", async () => {
  const socket = await openUser("half open");
  const { socket: id } = await greet(socket, "client");
  const again = await openUser("half open");
  expect(await greet(again, "client", { socket: id, received: 0 })).toMatchObject({
    recovered: true,
    missed: 0,
  });
  expect(await socket.closed).toMatchObject({ code: 4000 });
  emit(again, "add", 1);
  expect(await nextEvent(again, "count")).toBe(1);
});

test("E61 where it is not known what was missed the client is told, and gets nothing of it", async () => {
  const stub = env.USER.getByName("not known");
  const socket = await openUser("not known");
  const { socket: id } = await greet(socket, "client");
  for (let count = 0; count <= MAX_KEPT_EVENTS; count += 1) await stub.add(1);
  const attempts = [
    { client: "client", resume: { socket: id, received: 0 } },
    { client: "another", resume: { socket: id, received: MAX_KEPT_EVENTS } },
    { client: "client", resume: { socket: id, received: MAX_KEPT_EVENTS + 2 } },
    { client: "client", resume: { socket: "none", received: 0 } },
  ];
  for (const { client, resume } of attempts) {
    const again = await openUser("not known");
    expect(await greet(again, client, resume)).toMatchObject({ recovered: false, missed: 0 });
  }
});

test("E61 what was on its way when memory was lost is not known", async () => {
  const stub = env.USER.getByName("lost");
  const socket = await openUser("lost");
  const { socket: id } = await greet(socket, "client");
  await stub.add(1);
  await nextEvent(socket, "count");
  await evictDurableObject(stub);
  const again = await openUser("lost");
  expect(await greet(again, "client", { socket: id, received: 0 })).toMatchObject({
    recovered: false,
  });
});

test("E62 who got everything has missed nothing just because the object has hibernated", async () => {
  const stub = env.USER.getByName("slept");
  const socket = await openUser("slept");
  const { socket: id } = await greet(socket, "client");
  await stub.add(1);
  await nextEvent(socket, "count");
  await evictDurableObject(stub);
  await stub.add(1);
  expect(await nextEvent(socket, "count")).toBe(2);
  await evictDurableObject(stub);
  await stub.add(1);
  const again = await openUser("slept");
  const welcome = await greet(again, "client", { socket: id, received: 2 });
  expect(welcome).toMatchObject({ recovered: true, missed: 1 });
  expect(await nextEvent(again, "count")).toBe(3);
});
