import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DurableSql } from "../../src/object/durable-sql.ts";
import { systemClock } from "../../src/object/index.ts";
import { Directory } from "../../src/session/directory.ts";
import type { SessionListing } from "../../src/session/index.ts";
import { Peer } from "./peer.ts";

const line = (id: string, change: Partial<SessionListing> = {}): SessionListing => ({
  id,
  title: null,
  lifecycle: "active",
  status: "idle",
  createdAt: 1,
  updatedAt: 1,
  ...change,
});

/** A reader of an owner's list. */
const readerOf = (owner: string, change: Parameters<typeof Peer.open>[1] = {}) =>
  Peer.open(env.SESSION_INDEX.getByName(owner), { kind: "list", role: "viewer", ...change });

test("I8 the reader of a list gets a page for each hello, and every change from its first on", async () => {
  const index = env.SESSION_INDEX.getByName("live");
  await index.upsert(line("old", { updatedAt: 1 }), 1);
  await index.upsert(line("new", { updatedAt: 2 }), 1);
  const reader = await readerOf("live");
  const silent = await readerOf("live");
  reader.send({ t: "hello", v: 1, limit: 1 });
  const first = await reader.next("sessions");
  expect(first).toMatchObject({ before: null, sessions: [{ id: "new" }] });
  await index.upsert(line("old", { updatedAt: 3, status: "waiting" }), 2);
  await index.upsert(line("old", { updatedAt: 3, status: "waiting" }), 2);
  reader.send({ t: "hello", v: 1, limit: 1, before: first.next });
  expect(await reader.next("session")).toMatchObject({ session: { id: "old", status: "waiting" } });
  expect(await reader.next("sessions")).toMatchObject({
    before: first.next,
    sessions: [{ id: "old" }],
    next: null,
  });
  await index.remove({ id: "old", createdAt: 1 });
  await index.remove({ id: "old", createdAt: 1 });
  await index.upsert(line("last"), 1);
  expect(await reader.next("removed")).toMatchObject({ id: "old" });
  expect(await reader.next("session")).toMatchObject({ session: { id: "last" } });
  expect(silent.frames).toEqual([]);
});

test("I8 a hello may be filtered; the changes are not", async () => {
  const index = env.SESSION_INDEX.getByName("filtered");
  await index.upsert(line("idle"), 1);
  await index.upsert(line("busy", { status: "running" }), 1);
  const reader = await readerOf("filtered");
  reader.send({ t: "hello", v: 1, status: "running", lifecycle: "active" });
  expect((await reader.next("sessions")).sessions).toMatchObject([{ id: "busy" }]);
  await index.upsert(line("busy"), 2);
  expect(await reader.next("session")).toMatchObject({ session: { id: "busy", status: "idle" } });
});

test("I10 a list hibernates with its sockets open, and its readers hear of the next change", async () => {
  const index = env.SESSION_INDEX.getByName("asleep");
  const reader = await readerOf("asleep");
  reader.send({ t: "hello", v: 1 });
  const { i } = await reader.next("sessions");
  await evictDurableObject(index);
  await index.upsert(line("s"), 1);
  const change = await reader.next("session");
  expect(change).toMatchObject({ session: { id: "s" } });
  expect(change.i).not.toBe(i);
});

test("I9 reading the list of an owner without sessions writes nothing, over a socket too", async () => {
  const index = env.SESSION_INDEX.getByName("nobody");
  expect(await index.list()).toEqual({ sessions: [], next: null });
  const reader = await readerOf("nobody");
  reader.send({ t: "hello", v: 1 });
  expect(await reader.next("sessions")).toMatchObject({ sessions: [], next: null });
  const tables = await runInDurableObject(index, (_instance, { storage }) =>
    storage.sql
      .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray(),
  );
  expect(tables).toEqual([]);
});

test.each([
  [{ t: "hello", v: 2 }, "unsupported_version", 4400],
  [{ t: "ack", v: 1 }, "bad_frame", 4400],
  [{ t: "hello", v: 1, status: "queued" }, "bad_frame", 4400],
  [{ t: "hello", v: 1, limit: "1" }, "bad_frame", 4400],
])("the frame %j of a list's reader is refused with %s", async (frame, code, close) => {
  const reader = await readerOf("strict");
  reader.send(frame);
  expect(await reader.next("error")).toMatchObject({ error: { code } });
  expect(await reader.closed).toEqual({ code: close });
});

test("a runner does not read a list", async () => {
  const reader = await readerOf("strict", { role: "runner" });
  reader.send({ t: "hello", v: 1 });
  expect(await reader.next("error")).toMatchObject({ error: { code: "forbidden" } });
  expect(await reader.closed).toEqual({ code: 4403 });
});

test("S6 nothing is told to a reader whose token has expired", async () => {
  const index = env.SESSION_INDEX.getByName("expiring");
  const reader = await readerOf("expiring", { expiresAt: Date.now() + 60_000 });
  reader.send({ t: "hello", v: 1 });
  await reader.next("sessions");
  await runInDurableObject(index, (instance) => {
    for (const link of (instance as unknown as { links: { attachment: object }[] }).links)
      Object.assign(link.attachment, { expiresAt: 1 });
  });
  await index.upsert(line("s"), 1);
  expect(await reader.closed).toEqual({ code: 4401 });
  expect(reader.frames).toEqual([]);
});

/** A list of 100,000 lines, written by SQLite itself: one in a hundred waits, one in ten is over. */
const FILL = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
  INSERT INTO sessions (id, version, sorted_at, listing, created_at, lifecycle, status)
  SELECT 's' || n, 1, n * 1000, json_object('id', 's' || n), 1,
    iif(n % 10 = 5, 'terminated', 'active'), iif(n % 100 = 0, 'waiting', 'idle') FROM numbers`;

test("I7 a page of a list of 100,000 lines reads rows for the page alone, as the platform counts them", async () => {
  const index = env.SESSION_INDEX.getByName("100000");
  await index.upsert(line("first"), 1);
  const counts = await runInDurableObject(index, (_instance, { storage }) => {
    const sql = new DurableSql(storage);
    const directory = new Directory(sql, systemClock);
    sql.script(FILL);
    const read = (options: Parameters<Directory["page"]>[0]) => {
      const before = sql.counts.read;
      const page = directory.page(options);
      return { lines: page.sessions.length, read: sql.counts.read - before, next: page.next };
    };
    const first = read({ limit: 50 });
    return {
      first,
      deep: read({ limit: 50, before: "50000000.s50000" }),
      over: read({ limit: 50, lifecycle: "terminated" }),
      waiting: read({ limit: 50, status: "waiting", before: "50000000.s50000" }),
      idle: read({ limit: 50, status: "idle" }),
      paused: read({ limit: 50, lifecycle: "paused" }),
    };
  });
  console.log(`Rows read of a list of 100,000 lines: ${JSON.stringify(counts)}`);
  for (const { read } of Object.values(counts)) expect(read).toBeLessThanOrEqual(4 * 51 + 2);
  expect(counts.paused).toMatchObject({ lines: 0 });
  expect(counts.waiting.lines).toBe(50);
});

test("a line costs a row for itself, one to move to the front, and one to leave the idle", async () => {
  const index = env.SESSION_INDEX.getByName("costs");
  await index.upsert(line("first"), 1);
  const written = await runInDurableObject(index, (_instance, { storage }) => {
    const sql = new DurableSql(storage);
    const directory = new Directory(sql, systemClock);
    const cost = (listing: SessionListing, version: number) => {
      const before = sql.counts.written;
      directory.upsert(listing, version);
      return sql.counts.written - before;
    };
    const running = { status: "running", updatedAt: 60_001 } as const;
    return {
      created: cost(line("s"), 1),
      soon: cost(line("s", { title: "Soon", updatedAt: 2 }), 2),
      running: cost(line("s", running), 3),
      waiting: cost(line("s", { ...running, status: "waiting" }), 4),
      idle: cost(line("s", { updatedAt: 80_000 }), 5),
      again: cost(line("s", { updatedAt: 80_000 }), 5),
    };
  });
  expect(written).toEqual({ created: 2, soon: 1, running: 3, waiting: 2, idle: 1, again: 0 });
});
