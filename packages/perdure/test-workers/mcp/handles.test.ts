import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { handles } from "../../src/mcp/index.ts";
import { handleName } from "../../src/mcp/placement.ts";
import { mintId } from "../../src/mcp/signed-id.ts";

const SECRET = "a secret of this test, 32 bytes or more";

const store = handles("TMCP_DURABLE_OBJECT", { secret: SECRET });

const objectOf = (handle: string) => env.TMCP_DURABLE_OBJECT.getByName(handleName(handle));

const tablesOf = (handle: string) =>
  runInDurableObject(objectOf(handle), async (_object, { storage }) => ({
    tables: storage.sql
      .exec("SELECT name FROM sqlite_master WHERE name LIKE 'mcp_%'")
      .toArray()
      .map(({ name }) => name),
    alarm: await storage.getAlarm(),
  }));

const NOTHING = { tables: [], alarm: null };

test("F140 a handle's state outlives its object's memory, and goes with all that is stored", async () => {
  const handle = await store.create({ state: { step: 1 } });
  await evictDurableObject(objectOf(handle));
  expect(await store.get(handle)).toEqual({ state: { step: 1 }, version: 1 });
  expect(await store.set(handle, { step: 2 }, { ifVersion: 1 })).toBe(2);
  await evictDurableObject(objectOf(handle));
  expect(await store.get(handle)).toEqual({ state: { step: 2 }, version: 2 });
  expect((await tablesOf(handle)).alarm).not.toBeNull();
  expect(await store.delete(handle)).toBe(true);
  expect(await tablesOf(handle)).toEqual(NOTHING);
  expect(await store.get(handle)).toBeNull();
  expect(await tablesOf(handle)).toEqual(NOTHING);
});

test("F142 for a handle that was never made nothing is stored", async () => {
  const handle = await mintId("handle", SECRET);
  expect(await store.get(handle)).toBeNull();
  expect(await store.delete(handle)).toBe(false);
  await expect(store.set(handle, 1)).rejects.toMatchObject({ code: "not_found" });
  await expect(store.tasks(handle).create()).rejects.toMatchObject({ code: "not_found" });
  await expect(store.waitFor(handle, "k")).rejects.toMatchObject({ code: "not_found" });
  expect(await tablesOf(handle)).toEqual(NOTHING);
});

test("F145 a handle is erased by its alarm when its time is over", async () => {
  const handle = await store.create({ ttlMs: 1 });
  // The alarm may ring early, for a test; what it does depends on the time alone.
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(objectOf(handle));
    expect(await tablesOf(handle)).toEqual(NOTHING);
  });
  expect(await store.get(handle)).toBeNull();
});

test("F145 an alarm that rings before its time leaves the handle", async () => {
  const handle = await store.create({ state: "here" });
  await runInDurableObject(objectOf(handle), (object) => object.alarm());
  expect(await store.get(handle)).toEqual({ state: "here", version: 1 });
  expect((await tablesOf(handle)).alarm).not.toBeNull();
});

test("F150 a task waits for input over an eviction, and is completed by another request", async () => {
  const handle = await store.create();
  const { taskId } = await store.tasks(handle).create({ pollIntervalMs: 100 });
  await store.ask(taskId, "sure", { method: "elicitation/create", params: { message: "Sure?" } });
  await evictDurableObject(objectOf(handle));
  expect(await store.tasks(taskId).get(taskId)).toMatchObject({
    status: "input_required",
    inputRequests: { sure: { method: "elicitation/create" } },
  });
  await store.answer(taskId, "sure", { action: "accept" });
  await evictDurableObject(objectOf(handle));
  await store.answer(taskId, "sure", { action: "accept" });
  await expect(store.answer(taskId, "sure", { action: "decline" })).rejects.toMatchObject({
    code: "already_decided",
  });
  const done = await store.tasks(taskId).update(taskId, { status: "completed", result: "yes" });
  await evictDurableObject(objectOf(handle));
  expect(await store.tasks(handle).list()).toEqual([done]);
});

test("F152 whoever waits gets the answer, also where the object is evicted meanwhile", async () => {
  const handle = await store.create();
  const waiting = store.waitFor(handle, "k", { timeoutMs: 30_000 });
  await store.ask(handle, "k", "?");
  await runInDurableObject(objectOf(handle), (_object, state) =>
    state.abort("a crash that a test asked for"),
  ).catch(() => {});
  await store.answer(handle, "k", { action: "accept" });
  expect(await waiting).toEqual({ action: "accept" });
});

test("F113 without a secret of one's own the objects make one, and a handle is good in every isolate", async () => {
  const [one, other] = [handles(), handles()];
  const handle = await one.create({ state: 1 });
  expect(await other.get(handle)).toEqual({ state: 1, version: 1 });
  expect(await store.get(handle)).toBeNull();
});

test("a binding that is missing names the lines to add", async () => {
  await expect(handles("NOTHING").create()).rejects.toMatchObject({
    code: "broken",
    message: expect.stringContaining('{ "name": "NOTHING", "class_name": "SyncLayer" }'),
  });
});
