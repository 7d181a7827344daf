import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { Timers } from "../../src/object/index.ts";
import type { KernelDO } from "../objects/kernel-do.ts";
import { entriesOf, journalOf } from "../objects/kernel-do.ts";

const HOUR = 60 * 60 * 1000;

type Stub = DurableObjectStub<KernelDO>;

function withTimers<T>(stub: Stub, work: (timers: Timers, object: KernelDO) => T): Promise<T> {
  return runInDurableObject<KernelDO, T>(stub, (object) => work(object.namedTimers, object));
}

function alarmOf(stub: Stub): Promise<number | null> {
  return runInDurableObject(stub, (_object, { storage }) => storage.getAlarm());
}

/** Makes timers overdue without the platform's alarm, which waits for the test to ring it. */
function makeOverdue(stub: Stub): Promise<void> {
  return runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec("UPDATE timers SET due_at = 1");
  });
}

test("K2 a timer wakes an object that is not in memory, by itself, and fires", async () => {
  const stub = env.KERNEL.getByName("cold alarm");
  await withTimers(stub, (timers) => timers.set("wake", Date.now() + 300, { to: "work" }));
  await evictDurableObject(stub);
  await vi.waitFor(() => expect(journalOf("cold alarm")).toContain('timer wake {"to":"work"}'), {
    timeout: 10_000,
  });
  const [first, second] = new Set(entriesOf("cold alarm").map(({ instance }) => instance));
  expect(second).not.toBe(first);
  await vi.waitFor(async () =>
    expect(await withTimers(stub, (timers) => timers.nextDueAt())).toBeUndefined(),
  );
});

test("K1 many names share the platform's one alarm, and all that are due fire with it", async () => {
  const stub = env.KERNEL.getByName("many");
  const at = Date.now() + HOUR;
  await withTimers(stub, (timers) => {
    timers.set("later", at + 2000);
    timers.set("sooner", at);
    timers.set("cancelled", at);
    timers.cancel("cancelled");
  });
  expect(await alarmOf(stub)).toBe(at);
  await makeOverdue(stub);
  await evictDurableObject(stub);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(
    journalOf("many")
      .filter((what) => what.startsWith("timer"))
      .toSorted(),
  ).toEqual(["timer later null", "timer sooner null"]);
  expect(await alarmOf(stub)).toBeNull();
});

test("K2 an alarm that rings too early fires nothing and is set again", async () => {
  const stub = env.KERNEL.getByName("early");
  const at = Date.now() + HOUR;
  await withTimers(stub, (timers) => timers.set("a", at));
  await evictDurableObject(stub);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(journalOf("early").filter((what) => what.startsWith("timer"))).toEqual([]);
  expect(await alarmOf(stub)).toBe(at);
});

test("K3 a handler that throws is tried again by an alarm two seconds later; K7 others fire", async () => {
  const stub = env.KERNEL.getByName("failing timer");
  await withTimers(stub, (timers) => {
    timers.set("failing", Date.now() + HOUR);
    timers.set("fine", Date.now() + HOUR);
  });
  await makeOverdue(stub);
  const before = Date.now();
  await runDurableObjectAlarm(stub);
  expect(await stub.notes()).toEqual(["failing", "fine"]);
  const [alarm, dueAt] = [await alarmOf(stub), await withTimers(stub, (t) => t.dueAt("failing"))];
  expect(alarm).toBe(dueAt);
  expect(alarm).toBeGreaterThanOrEqual(before + 2_000);
  expect(await withTimers(stub, (timers) => timers.dueAt("fine"))).toBeUndefined();
});

test("K8 the platform's alarm goes back with the transaction that moved it", async () => {
  const stub = env.KERNEL.getByName("undone");
  const at = Date.now() + HOUR;
  await withTimers(stub, (timers) => timers.set("a", at));
  const changes: readonly ((timers: Timers) => void)[] = [
    (timers) => timers.set("b", at - 1_000),
    (timers) => timers.set("a", at + 1_000),
    (timers) => timers.cancel("a"),
  ];
  for (const change of changes) {
    await withTimers(stub, (timers, { database }) => {
      expect(() =>
        database.transaction(() => {
          change(timers);
          throw new Error("undone");
        }),
      ).toThrow("undone");
    });
    expect(await alarmOf(stub)).toBe(at);
  }
});

test("K5 setting a timer that is not the earliest writes one row, and moves no alarm", async () => {
  const stub = env.KERNEL.getByName("rows");
  const at = Date.now() + HOUR;
  await withTimers(stub, (timers) => timers.set("a", at));
  const written = await withTimers(stub, (timers, { database }) => {
    const before = database.counts.written;
    timers.set("b", at + 1);
    return database.counts.written - before;
  });
  expect(written).toBe(1);
  expect(await alarmOf(stub)).toBe(at);
});

test("K5 when the last timer is cancelled the platform's alarm goes, too", async () => {
  const stub = env.KERNEL.getByName("last cancelled");
  await withTimers(stub, (timers) => timers.set("a", Date.now() + HOUR));
  await withTimers(stub, (timers) => timers.cancel("a"));
  expect(await alarmOf(stub)).toBeNull();
});

test("a deadline that the platform does not take is kept as its last", async () => {
  const stub = env.KERNEL.getByName("far");
  await withTimers(stub, (timers) => timers.set("a", Number.MAX_SAFE_INTEGER));
  expect(await alarmOf(stub)).toBe(Date.UTC(2189, 0, 1));
});
