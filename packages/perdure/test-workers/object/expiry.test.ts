import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { KernelDO } from "../objects/kernel-do.ts";
import { openSocket } from "./socket.ts";

type Stub = DurableObjectStub<KernelDO>;

/** What a socket stands on. */
const token = (id: string) => ({ id, issuedAt: 1 });

const HOUR = 60 * 60 * 1000;

const alarmOf = (stub: Stub) =>
  runInDurableObject(stub, (_object, { storage }) => storage.getAlarm());

test("S18 a socket is closed by itself at the moment at which its token expires, after an eviction too", async () => {
  const stub = env.KERNEL.getByName("expires by itself");
  await stub.note("something is stored");
  const expiresAt = Date.now() + 400;
  const { closed } = await openSocket(stub, { expiresAt });
  const other = await openSocket(stub, { subject: "bob" });
  await vi.waitFor(async () => expect(await alarmOf(stub)).toBe(expiresAt));
  await evictDurableObject(stub);
  expect(await closed).toMatchObject({ code: 4401 });
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  other.socket.send("still here");
  await vi.waitFor(() => expect(other.texts).toHaveLength(1));
});

test("S18 of several sockets each is closed in its time, by one timer that is gone in the end", async () => {
  const stub = env.KERNEL.getByName("one after the other");
  await stub.note("something is stored");
  const [late, early] = [Date.now() + 2 * HOUR, Date.now() + HOUR];
  const first = await openSocket(stub, { expiresAt: late });
  await vi.waitFor(async () => expect(await alarmOf(stub)).toBe(late));
  const second = await openSocket(stub, { expiresAt: early });
  await vi.waitFor(async () => expect(await alarmOf(stub)).toBe(early));
  await openSocket(stub, { expiresAt: null });
  const now = vi.spyOn(Date, "now").mockReturnValue(early);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await second.closed).toMatchObject({ code: 4401 });
  expect(await alarmOf(stub)).toBe(late);
  now.mockReturnValue(late);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await first.closed).toMatchObject({ code: 4401 });
  now.mockRestore();
  expect(await alarmOf(stub)).toBeNull();
});

test("S18 an object in which nothing is stored closes its sockets in time, too, and stores nothing for it", async () => {
  const stub = env.KERNEL.getByName("blank expiry");
  const expiresAt = Date.now() + 300;
  const { closed } = await openSocket(stub, { expiresAt });
  await vi.waitFor(async () => expect(await alarmOf(stub)).toBe(expiresAt));
  await evictDurableObject(stub);
  expect(await closed).toMatchObject({ code: 4401 });
  expect(await runInDurableObject(stub, ({ isUnwritten }) => isUnwritten)).toBe(true);
});

test("S18 an object that stores something for the first time still closes its sockets in time", async () => {
  const stub = env.KERNEL.getByName("written later");
  const expiresAt = Date.now() + HOUR;
  const { closed } = await openSocket(stub, { expiresAt });
  await vi.waitFor(async () => expect(await alarmOf(stub)).toBe(expiresAt));
  await stub.note("now");
  await runInDurableObject(stub, ({ namedTimers }) => namedTimers.set("later", expiresAt + HOUR));
  expect(await alarmOf(stub)).toBe(expiresAt);
  const now = vi.spyOn(Date, "now").mockReturnValue(expiresAt);
  await runDurableObjectAlarm(stub);
  now.mockRestore();
  expect(await closed).toMatchObject({ code: 4401 });
});

test("S19 sockets of a subject, or of certain tokens, are closed at a word, after an eviction too", async () => {
  const stub = env.KERNEL.getByName("disconnected");
  const phone = await openSocket(stub, { token: token("phone") });
  const laptop = await openSocket(stub, { token: token("laptop") });
  const bob = await openSocket(stub, { subject: "bob", token: token("bob") });
  await evictDurableObject(stub);
  expect(await stub.disconnect({})).toBe(0);
  expect(await stub.disconnect({ subject: "bob", tokens: ["phone"] })).toBe(0);
  expect(await stub.disconnect({ tokens: ["phone", "unknown"] })).toBe(1);
  expect(await phone.closed).toMatchObject({ code: 4401 });
  laptop.socket.send("still here");
  await vi.waitFor(() => expect(laptop.texts).toHaveLength(1));
  expect(await stub.disconnect({ subject: "ada" })).toBe(1);
  expect(await laptop.closed).toMatchObject({ code: 4401 });
  expect(await stub.disconnect({ subject: "bob", tokens: ["bob"] })).toBe(1);
  expect(await bob.closed).toMatchObject({ code: 4401 });
});
