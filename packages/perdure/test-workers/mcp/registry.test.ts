import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { registryName, registryOf, sessionName } from "../../src/mcp/placement.ts";

const registryAt = (shard: number) => env.LISTEN_MCP.getByName(registryName(shard));

/** The rows of a registry: sessions, followers, broadcasts, timers. */
const rowsOf = (shard: number) =>
  runInDurableObject(registryAt(shard), (_object, { storage }) =>
    ["mcp_sessions", "mcp_followers", "mcp_broadcasts", "timers"].map(
      (table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray().length,
    ),
  );

test("F112 lists and followers outlive an eviction, and leave no row", async () => {
  const registry = registryAt(0);
  await registry.join("one");
  await registry.follow("file:///1", "one");
  await registry.follow("file:///1", "two");
  await evictDurableObject(registry);
  await registry.join("one");
  expect(await registry.followers("file:///1")).toEqual(["one", "two"]);
  expect(await rowsOf(0)).toEqual([1, 2, 0, 0]);
  await registry.leave("one");
  await registry.unfollow("file:///1", "one");
  await registry.unfollow("file:///1", "two");
  expect(await rowsOf(0)).toEqual([0, 0, 0, 0]);
});

test("F110 a join bills one row, and a URI that is followed two", async () => {
  const registry = registryAt(3);
  await registry.join("warm");
  const written = await runInDurableObject(registry, (_object, { storage }) => {
    const before = storage.sql.exec("SELECT 1");
    const join = storage.sql.exec(
      "INSERT INTO mcp_sessions (id, joined) VALUES ('billed', 0) ON CONFLICT DO NOTHING",
    );
    const follow = storage.sql.exec(
      "INSERT INTO mcp_followers (uri, session) VALUES ('file:///b', 'billed')",
    );
    return [before, join, follow].map((cursor) => cursor.rowsWritten);
  });
  expect(written).toEqual([0, 1, 2]);
  for (const session of ["warm", "billed"]) await registry.leave(session);
  await registry.unfollow("file:///b", "billed");
  expect(await rowsOf(3)).toEqual([0, 0, 0, 0]);
});

test("F111 a registry in which nothing is stored answers without storing anything", async () => {
  const blank = env.LISTEN_MCP.getByName("registry:2");
  expect(await blank.followers("file:///1")).toEqual([]);
  await blank.leave("nobody");
  await blank.unfollow("file:///1", "nobody");
  await blank.broadcast("{}");
  const tables = await runInDurableObject(blank, (_object, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'mcp_%'").toArray(),
  );
  expect(tables).toEqual([]);
});

/** Session ids of one registry. */
const sessionsOf = (shard: number, count: number) =>
  Array.from({ length: 400 }, (_, index) => `reached-${index}`)
    .filter((id) => registryOf(id) === shard)
    .slice(0, count);

/** Numbers of broadcasts that a session has, from its log. */
const messagesOf = (id: string) =>
  runInDurableObject(env.LISTEN_MCP.getByName(sessionName(id)), (_object, { storage }) => {
    const text = JSON.stringify(
      storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name = 'log'")
        .toArray()
        .flatMap(() => storage.sql.exec("SELECT * FROM log").toArray())
        .map((row) =>
          Object.values(row).map((value) =>
            value instanceof ArrayBuffer ? new TextDecoder().decode(value) : value,
          ),
        ),
    );
    return [...text.matchAll(/broadcast-(\d+)/g)].map(([, number]) => Number(number));
  });

test("F116 broadcasts reach every session of a registry once and in order, over evictions, and leave no row", async () => {
  const registry = registryAt(1);
  const sessions = sessionsOf(1, 20);
  for (const id of sessions) await env.LISTEN_MCP.getByName(sessionName(id)).begin(null);
  for (const number of [1, 2, 3]) {
    await registry.broadcast(`{"broadcast":"broadcast-${number}"}`);
    if (number === 2) await evictDurableObject(registry);
  }
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(registry);
    expect((await rowsOf(1)).slice(2)).toEqual([0, 0]);
  });
  for (const id of sessions) expect(await messagesOf(id)).toEqual([1, 2, 3]);
  for (const id of sessions) await env.LISTEN_MCP.getByName(sessionName(id)).end(null);
  await vi.waitFor(async () => expect(await rowsOf(1)).toEqual([0, 0, 0, 0]));
});

test("F120 a registry that crashes while it delivers goes on at its alarm, and nobody gets a message twice", async () => {
  const sessions = sessionsOf(1, 60).slice(20);
  for (const id of sessions) await env.LISTEN_MCP.getByName(sessionName(id)).begin(null);
  for (const number of [1, 2, 3]) {
    await registryAt(1).broadcast(`{"broadcast":"broadcast-${number}"}`);
    await runInDurableObject(registryAt(1), (_object, state) =>
      state.abort("a crash that a test asked for"),
    ).catch(() => {});
  }
  await vi.waitFor(async () => {
    await runInDurableObject(registryAt(1), async (object, { storage }) => {
      // As if the two seconds until its alarm were over.
      storage.sql.exec("UPDATE timers SET due_at = 1");
      await object.alarm();
    });
    expect((await rowsOf(1)).slice(2)).toEqual([0, 0]);
  });
  for (const id of sessions) expect(await messagesOf(id)).toEqual([1, 2, 3]);
  for (const id of sessions) await env.LISTEN_MCP.getByName(sessionName(id)).end(null);
  await vi.waitFor(async () => expect(await rowsOf(1)).toEqual([0, 0, 0, 0]));
});

test("F117 a session that is not there any more is forgotten at the next broadcast", async () => {
  const registry = registryAt(0);
  await registry.join("vanished");
  await registry.follow("file:///v", "vanished");
  await registry.broadcast("{}");
  await vi.waitFor(async () => expect(await rowsOf(0)).toEqual([0, 0, 0, 0]));
  expect(await registry.followers("file:///v")).toEqual([]);
});

test("F113 a registry's secret outlives its memory", async () => {
  const secret = await registryAt(0).secret();
  await evictDurableObject(registryAt(0));
  expect(await registryAt(0).secret()).toBe(secret);
});
