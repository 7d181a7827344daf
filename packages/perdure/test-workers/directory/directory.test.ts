import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DIRECTORY_MIGRATIONS } from "../../src/directory/directory-schema.ts";
import { Directory } from "../../src/directory/directory.ts";
import { SessionIndexDO } from "../../src/directory/index.ts";
import { SESSIONS_QUERY, sessionDirectory } from "../../src/directory/session-lines.ts";
import { DurableSql } from "../../src/object/durable-sql.ts";
import {
  COMMAND_MIGRATIONS,
  migrate,
  systemClock,
  TIMER_MIGRATIONS,
  upgradeRequest,
} from "../../src/object/index.ts";
import type { ListOptions, SessionListing } from "../../src/protocol/index.ts";
import { Shard } from "../../src/shard/index.ts";
import { openShard } from "../shard/shard-socket.ts";

const line = (id: string, change: Partial<SessionListing> = {}): SessionListing => ({
  id,
  title: null,
  lifecycle: "active",
  status: "idle",
  createdAt: 1,
  updatedAt: 1,
  ...change,
});

/** What the Worker says of a list's socket. */
const META = { identity: null, functions: [SESSIONS_QUERY] };

/** A reader of an owner's list. */
const readerOf = (owner: string, change: Parameters<typeof openShard>[2] = {}) =>
  openShard(env.SESSION_INDEX.getByName(owner), META, { role: "viewer", ...change });

const subscribe = (id: number, args?: ListOptions) => ({
  t: "subscribe",
  id,
  functionPath: "sessions",
  args,
});

test("I8 the reader of a list gets the lines that it asks for, and every change of them, in order", async () => {
  const index = env.SESSION_INDEX.getByName("live");
  await index.upsert(line("old", { updatedAt: 1 }), 1);
  await index.upsert(line("new", { updatedAt: 2 }), 1);
  const reader = await readerOf("live");
  const silent = await readerOf("live");
  reader.send(subscribe(1, { limit: 2 }));
  expect(await reader.next("subscribed")).toMatchObject({ id: 1, key: ["id"] });
  expect(await reader.next("seed")).toMatchObject({ value: [{ id: "new" }, { id: "old" }] });
  await index.upsert(line("old", { updatedAt: 3, status: "waiting" }), 2);
  // No news: an older version, or the same again.
  await index.upsert(line("old", { updatedAt: 3, status: "waiting" }), 2);
  await index.upsert(line("third", { updatedAt: 60_000 }), 1);
  await index.remove({ id: "third", createdAt: 1 });
  await index.remove({ id: "third", createdAt: 1 });
  await index.upsert(line("new", { updatedAt: 90_000 }), 2);
  const told = [];
  while (told.length < 4) told.push((await reader.next("commit")).changes);
  expect(told).toMatchObject([
    [[1, { delta: { update: [{ id: "old", status: "waiting" }] } }]],
    [[1, { delta: { delete: ["old"], insert: [{ at: 0, row: { id: "third" } }] } }]],
    [[1, { delta: { delete: ["third"], insert: [{ at: 1, row: { id: "old" } }] } }]],
    [[1, { delta: { update: [{ id: "new", updatedAt: 90_000, sortedAt: 90_000 }] } }]],
  ]);
  expect(silent.frames).toEqual([]);
});

test("I8 a reader that asks for more lines gets all of them as one list", async () => {
  const index = env.SESSION_INDEX.getByName("more");
  for (let n = 0; n < 5; n += 1) await index.upsert(line(`s${n}`, { updatedAt: n }), 1);
  const reader = await readerOf("more");
  reader.send(subscribe(1, { limit: 2 }));
  expect(await reader.next("seed")).toMatchObject({ value: [{ id: "s4" }, { id: "s3" }] });
  reader.send(subscribe(2, { limit: 4 }));
  reader.send({ t: "unsubscribe", id: 1 });
  expect(await reader.next("seed")).toMatchObject({ value: [{}, {}, {}, { id: "s1" }] });
  await index.upsert(line("s1", { updatedAt: 5, title: "One" }), 2);
  expect((await reader.next("commit")).changes).toMatchObject([
    [2, { delta: { update: [{ id: "s1", title: "One" }] } }],
  ]);
});

test("I6 a filtered reader is told when a line comes to match and when it no longer does, and of nothing else", async () => {
  const index = env.SESSION_INDEX.getByName("filtered");
  await index.upsert(line("idle"), 1);
  await index.upsert(line("busy", { status: "running" }), 1);
  const reader = await readerOf("filtered");
  reader.send(subscribe(7, { status: "running", lifecycle: "active" }));
  expect(await reader.next("seed")).toMatchObject({ value: [{ id: "busy" }] });
  await index.upsert(line("idle", { title: "Still" }), 2);
  await index.upsert(line("busy"), 2);
  await index.upsert(line("idle", { status: "running" }), 3);
  const told = [await reader.next("commit"), await reader.next("commit")];
  expect(told.map(({ changes }) => changes)).toMatchObject([
    [[7, { snapshot: [] }]],
    [[7, { snapshot: [{ id: "idle" }] }]],
  ]);
});

test("I10 a list hibernates with its sockets open, and its readers hear of the next change, of each line by itself", async () => {
  const index = env.SESSION_INDEX.getByName("asleep");
  for (let n = 0; n < 5; n += 1) await index.upsert(line(`s${n}`, { updatedAt: n }), 1);
  const reader = await readerOf("asleep");
  reader.send(subscribe(1));
  const { position } = await reader.next("seed");
  await evictDurableObject(index);
  await index.upsert(line("s2", { updatedAt: 9, status: "waiting" }), 2);
  const commit = await reader.next("commit");
  expect(commit.changes).toMatchObject([[1, { delta: { update: [{ id: "s2" }] } }]]);
  expect(commit.position).toBeGreaterThan(position);
});

test("Z32 the readers of a list that has no sessions yet hear of its first, over an eviction too", async () => {
  const index = env.SESSION_INDEX.getByName("first");
  const reader = await readerOf("first");
  reader.send({ t: "hello", v: 1 });
  reader.send(subscribe(1));
  reader.send(subscribe(2, { status: "waiting" }));
  reader.send(subscribe(3, { limit: 1 }));
  reader.send({ t: "unsubscribe", id: 3 });
  expect(await reader.next("welcome")).toMatchObject({ position: 0 });
  for (const id of [1, 2, 3]) expect(await reader.next("seed")).toMatchObject({ id, value: [] });
  await evictDurableObject(index);
  await index.upsert(line("s"), 1);
  expect((await reader.next("commit")).changes).toMatchObject([[1, { snapshot: [{ id: "s" }] }]]);
  await index.upsert(line("s", { status: "waiting", title: "Who?" }), 2);
  expect((await reader.next("commit")).changes).toMatchObject([
    [1, { snapshot: [{ id: "s", title: "Who?" }] }],
    [2, { snapshot: [{ id: "s" }] }],
  ]);
});

const tablesOf = (index: DurableObjectStub) =>
  runInDurableObject(index, (_instance, { storage }) =>
    storage.sql
      .exec<{
        name: string;
      }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
      .map(({ name }) => name),
  );

test("I9 reading the list of an owner without sessions writes nothing, over a socket too", async () => {
  const index = env.SESSION_INDEX.getByName("nobody");
  expect(await index.list()).toEqual({ sessions: [], next: null });
  const reader = await readerOf("nobody");
  reader.send({ t: "hello", v: 1 });
  reader.send(subscribe(1));
  reader.send({ t: "call", id: "c1", functionPath: "sessions" });
  expect(await reader.next("seed")).toMatchObject({ value: [] });
  expect(await reader.next("result")).toMatchObject({ value: [] });
  reader.send({ t: "unsubscribe", id: 1 });
  expect(await index.call({ functionPath: "sessions" })).toMatchObject({
    value: { value: [], position: 0 },
  });
  reader.close();
  expect(await tablesOf(index)).toEqual([]);
});

test("a list that was stored before it was a shard goes on with its lines, and can be followed", async () => {
  const index = env.SESSION_INDEX.getByName("stored");
  const old = line("old", { updatedAt: 5, title: "Kept" });
  await runInDurableObject(index, (_instance, { storage }) => {
    const sql = new DurableSql(storage);
    migrate(sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "commands", migrations: COMMAND_MIGRATIONS },
      { owner: "session-index", migrations: DIRECTORY_MIGRATIONS },
    ]);
    sql.run(
      `INSERT INTO sessions (id, version, sorted_at, listing, created_at, lifecycle, status)
       VALUES ('old', 4, 5, ?, 1, 'active', 'idle')`,
      JSON.stringify(old),
    );
  });
  await evictDurableObject(index);
  expect(await index.list()).toEqual({ sessions: [old], next: null });
  expect(await tablesOf(index)).toContain("perdure_queries");
  const reader = await readerOf("stored");
  reader.send(subscribe(1));
  expect(await reader.next("seed")).toMatchObject({ value: [{ ...old, sortedAt: 5 }] });
  await index.upsert(line("old", { updatedAt: 6, title: "older" }), 4);
  await index.upsert(line("old", { updatedAt: 7, title: "newer" }), 5);
  expect((await reader.next("commit")).changes).toMatchObject([
    [1, { snapshot: [{ title: "newer" }] }],
  ]);
});

test.each([
  [{ status: "queued" }, "bad_request"],
  [{ limit: "1" }, "bad_request"],
  [["limit"], "bad_request"],
])("a list that is asked for %j refuses with %s, and the socket stays", async (args, code) => {
  const reader = await readerOf("strict");
  reader.send({ t: "subscribe", id: 1, functionPath: "sessions", args });
  expect(await reader.next("refused")).toMatchObject({ id: 1, error: { code } });
  reader.send(subscribe(1));
  expect(await reader.next("seed")).toMatchObject({ id: 1 });
});

test("a hello of another version is refused", async () => {
  const reader = await readerOf("strict");
  reader.send({ t: "hello", v: 2 });
  expect(await reader.next("error")).toMatchObject({ error: { code: "unsupported_version" } });
  expect(await reader.closed).toMatchObject({ code: 4400 });
});

test("a runner does not read a list", async () => {
  const upgrade = upgradeRequest({
    kind: "shard",
    role: "runner",
    subject: "ada",
    expiresAt: null,
    meta: META,
  });
  const response = await env.SESSION_INDEX.getByName("strict").fetch(upgrade);
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ code: "forbidden" });
});

test("S6 nothing is told to a reader whose token has expired", async () => {
  const index = env.SESSION_INDEX.getByName("expiring");
  await index.upsert(line("s"), 1);
  const reader = await readerOf("expiring", { expiresAt: Date.now() + 60_000 });
  reader.send(subscribe(1));
  await reader.next("seed");
  await runInDurableObject(index, (instance) => {
    for (const link of (instance as unknown as { links: { attachment: object }[] }).links)
      Object.assign(link.attachment, { expiresAt: 1 });
  });
  await index.upsert(line("s", { title: "secret" }), 2);
  expect(await reader.closed).toMatchObject({ code: 4401 });
  expect(reader.frames).toEqual([]);
});

/** The list of an object, as its class makes it, over a database whose rows are counted. */
function directoryOn(storage: DurableObjectStorage) {
  const sql = new DurableSql(storage);
  const { history } = SessionIndexDO;
  const options = { sql, clock: systemClock, functions: sessionDirectory, history };
  const shard = new Shard(options);
  return { sql, options, shard, directory: new Directory(shard, systemClock) };
}

/** A list of 100,000 lines, written by SQLite itself: one in a hundred waits, one in ten is over. */
const FILL = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
  INSERT INTO sessions (id, version, sorted_at, listing, created_at, lifecycle, status)
  SELECT 's' || n, 1, n * 1000, json_object('id', 's' || n), 1,
    iif(n % 10 = 5, 'terminated', 'active'), iif(n % 100 = 0, 'waiting', 'idle') FROM numbers`;

test("I7 a page of a list of 100,000 lines reads rows for the page alone, as the platform counts them", async () => {
  const index = env.SESSION_INDEX.getByName("100000");
  await index.upsert(line("first"), 1);
  const counts = await runInDurableObject(index, (_instance, { storage }) => {
    const { sql, directory } = directoryOn(storage);
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

const RUNNING = { status: "running", updatedAt: 60_001 } as const;

/** The rows that the changes of a line write. */
function costsOf(sql: DurableSql, directory: Directory) {
  const cost = (listing: SessionListing, version: number) => {
    const before = sql.counts.written;
    directory.upsert(listing, version);
    return sql.counts.written - before;
  };
  return {
    created: cost(line("s"), 1),
    soon: cost(line("s", { title: "Soon", updatedAt: 2 }), 2),
    running: cost(line("s", RUNNING), 3),
    waiting: cost(line("s", { ...RUNNING, status: "waiting" }), 4),
    idle: cost(line("s", { updatedAt: 80_000 }), 5),
    again: cost(line("s", { updatedAt: 80_000 }), 5),
  };
}

const COSTS = { created: 2, soon: 1, running: 3, waiting: 2, idle: 1, again: 0 };

test("I11 a line costs a row for itself, one to move to the front, and one to leave the idle", async () => {
  const index = env.SESSION_INDEX.getByName("costs");
  await index.upsert(line("first"), 1);
  const written = await runInDurableObject(index, (_instance, { storage }) => {
    const { sql, directory } = directoryOn(storage);
    return costsOf(sql, directory);
  });
  expect(written).toEqual(COSTS);
});

test("I11 a line costs the same rows while readers follow the list, and after their object has slept", async () => {
  const index = env.SESSION_INDEX.getByName("followed");
  await index.upsert(line("first"), 1);
  const { written, begun } = await runInDurableObject(index, (_instance, { storage }) => {
    const { sql, options, shard } = directoryOn(storage);
    const before = sql.counts.written;
    const subscribed = [{}, { limit: 1 }, { status: "waiting" }].map(
      (args) => shard.subscribe({ functionPath: "sessions", args }, null).queryId,
    );
    const begun = sql.counts.written - before;
    // As after an eviction: another memory for each change.
    const { written } = sql.counts;
    const asleep = () =>
      new Directory(new Shard({ ...options, subscribed, clock: systemClock }), systemClock);
    const sleepy = {
      upsert: (...change: Parameters<Directory["upsert"]>) => asleep().upsert(...change),
    } as Directory;
    expect(sql.counts.written).toBe(written);
    return { begun, written: costsOf(sql, sleepy) };
  });
  // A row for each query that somebody follows, however many do.
  expect(begun).toBe(3);
  expect(written).toEqual(COSTS);
});
