import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, expectTypeOf, test } from "vitest";
import type { JsonValue } from "../../src/object/index.ts";
import type { MessageRow, SessionDO, SessionMetaRow, TaskRow } from "../../src/session/index.ts";
import { Peer } from "./peer.ts";
import { as, createdSession, OWNER, positionOf, PROMPT } from "./setup.ts";

/** Everything in an object's database, by name. */
const schemaOf = (stub: DurableObjectStub<SessionDO>): Promise<readonly string[]> =>
  runInDurableObject(stub, (_instance, { storage }) =>
    storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("_cf_")),
  );

test("the first use makes the tables messages, tasks and session_meta, with the index of the tasks' status", async () => {
  const stub = env.SESSION_DO.getByName("tables");
  await stub.setSessionMeta({ a: 1 });
  expect(await schemaOf(stub)).toEqual(
    expect.arrayContaining(["messages", "tasks", "session_meta", "tasks_by_status"]),
  );
});

test("the queries for messages and for tasks of a status use an index", async () => {
  const stub = await createdSession("plans");
  const plans = await runInDurableObject(stub, (_instance, { storage }) =>
    [
      "SELECT * FROM messages WHERE position < 9 ORDER BY position DESC LIMIT 5",
      "SELECT * FROM tasks WHERE status = 'pending' AND source = 'plan' ORDER BY place",
      `SELECT * FROM tasks WHERE status = 'pending' AND source = 'app' AND place < 9
         ORDER BY place DESC LIMIT 5`,
      "SELECT * FROM tasks WHERE id = 'a' ORDER BY source LIMIT 1",
      "SELECT value FROM session_meta WHERE key = 'a'",
    ].map((query) =>
      storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map(({ detail }) => detail)
        .join("; "),
    ),
  );
  expect(plans).toEqual([
    "SEARCH messages USING INTEGER PRIMARY KEY (rowid<?)",
    "SEARCH tasks USING INDEX tasks_by_status (status=? AND source=?)",
    "SEARCH tasks USING INDEX tasks_by_status (status=? AND source=? AND place<?)",
    "SEARCH tasks USING PRIMARY KEY (id=?)",
    "SEARCH session_meta USING PRIMARY KEY (key=?)",
  ]);
});

test("row types satisfy what the platform asks of rows", () => {
  expectTypeOf<MessageRow>().toExtend<Record<string, SqlStorageValue>>();
  expectTypeOf<TaskRow>().toExtend<Record<string, SqlStorageValue>>();
  expectTypeOf<SessionMetaRow>().toExtend<Record<string, SqlStorageValue>>();
});

test("C13 setSessionMeta merges shallowly, deletes by null, and survives an eviction", async () => {
  const stub = env.SESSION_DO.getByName("meta");
  expect(await stub.getSessionMeta()).toEqual({});
  expect(await stub.setSessionMeta({ a: { x: 1 }, b: 2, c: null })).toEqual({ a: { x: 1 }, b: 2 });
  const day = new Date(0);
  const merged = { a: { y: 2 }, d: "1970-01-01T00:00:00.000Z" };
  expect(await stub.setSessionMeta({ a: { y: 2 }, b: null, d: day, e: undefined })).toEqual(merged);
  await evictDurableObject(stub);
  expect(await stub.getSessionMeta()).toEqual(merged);
});

test("what the methods answer is typed, over RPC too", async () => {
  const stub = await createdSession("typed");
  const meta = await stub.getSessionMeta();
  expectTypeOf(meta["title"]).toEqualTypeOf<JsonValue | undefined>();
  const messages = await stub.getRecentMessages(1);
  expectTypeOf(messages[0]?.role).toEqualTypeOf<"system" | "user" | "assistant" | undefined>();
  expectTypeOf(await stub.setSessionMeta({})).not.toBeNever();
  const info = await stub.describe(OWNER);
  expectTypeOf(info.ok).toEqualTypeOf<boolean>();
  const reply = await stub.command(OWNER, "p", PROMPT);
  expectTypeOf(reply.ok).toEqualTypeOf<boolean>();
  expectTypeOf(await stub.messages(OWNER)).not.toBeNever();
  expectTypeOf(await stub.approvals(OWNER)).not.toBeNever();
  expectTypeOf(await stub.events(OWNER, 0)).not.toBeNever();
  expect([info.ok, reply.ok]).toEqual([true, true]);
});

test("C13 metadata of more than 64 KiB is refused whole, and so is what is no object", async () => {
  const stub = env.SESSION_DO.getByName("too-much");
  await stub.setSessionMeta({ a: 1 });
  // Called in the object: across RPC the test runner takes a rejection for one that nobody handles.
  await runInDurableObject(stub, async (session) => {
    await expect(session.setSessionMeta({ b: "x".repeat(70_000) })).rejects.toThrow("65536 bytes");
    await expect(session.setSessionMeta(["x"] as never)).rejects.toThrow("object of keys");
  });
  expect(await stub.getSessionMeta()).toEqual({ a: 1 });
});

test("getRecentMessages answers the newest, oldest first, 50 by default", async () => {
  const stub = await createdSession("messages");
  const runner = await Peer.runner(stub);
  let r = 2;
  for (let n = 1; n <= 26; n += 1) {
    const command = positionOf(await stub.command(OWNER, `p${n}`, PROMPT));
    await runner.emit(
      r,
      { type: "command.begun", command, at: 1 },
      { type: "start", messageId: `m${n}` },
      { type: "text-delta", id: "t", delta: `answer ${n}` },
      { type: "finish" },
      { type: "turn.ended", turn: `p${n}`, outcome: "completed", at: 1 },
    );
    r += 5;
  }
  const recent = await stub.getRecentMessages();
  expect(recent.map(({ id }) => id)).toEqual(
    Array.from({ length: 25 }, (_, index) => [`p${index + 2}`, `m${index + 2}`]).flat(),
  );
  await evictDurableObject(stub);
  const at = expect.any(Number);
  expect(await stub.getRecentMessages(2)).toEqual([
    {
      position: 154,
      turn: "p26",
      at,
      id: "p26",
      role: "user",
      parts: [{ type: "text", text: "hello" }],
    },
    {
      position: 156,
      turn: "p26",
      at,
      id: "m26",
      role: "assistant",
      parts: [{ type: "text", text: "answer 26", state: "done" }],
    },
  ]);
  expect(await stub.getRecentMessages(0)).toHaveLength(1);
  expect(await stub.getRecentMessages(10_000)).toHaveLength(52);
});

test("fetch answers a health check, and nothing else", async () => {
  const stub = env.SESSION_DO.getByName("healthy");
  for (const path of ["/", "/health"]) {
    const response = await stub.fetch(`https://object${path}`);
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  }
  const other = await stub.fetch("https://object/other");
  expect([other.status, await other.json()]).toMatchObject([404, { code: "not_found" }]);
  expect(await schemaOf(stub)).toEqual([]);
});

test("T10 S10 a request for a session that does not exist writes nothing", async () => {
  const stub = env.SESSION_DO.getByName("nobody");
  const missing = { ok: false, error: { code: "session_not_found" } };
  expect(await stub.describe(OWNER)).toMatchObject(missing);
  expect(await stub.messages(OWNER)).toMatchObject(missing);
  expect(await stub.approvals(OWNER)).toMatchObject(missing);
  expect(await stub.events(OWNER, 0)).toMatchObject(missing);
  expect(await stub.command(OWNER, "p", PROMPT)).toMatchObject(missing);
  expect(await stub.getSessionMeta()).toEqual({});
  expect(await stub.getRecentMessages()).toEqual([]);
  expect(await stub.listTasks()).toEqual([]);
  expect(await stub.create(as("participant"), { id: "nobody" })).toMatchObject({
    error: { code: "forbidden" },
  });
  const peer = await Peer.open(stub);
  expect(await peer.closed).toEqual({ code: 4404 });
  await evictDurableObject(stub);
  expect(await schemaOf(stub)).toEqual([]);
});

test("T9 creating is idempotent for its owner and refused for another", async () => {
  const stub = env.SESSION_DO.getByName("owned");
  const first = await stub.create(OWNER, { id: "owned", title: "Mine" });
  expect(first).toMatchObject({ ok: true, value: { id: "owned", created: true, title: "Mine" } });
  await evictDurableObject(stub);
  expect(await stub.create(OWNER, { id: "owned" })).toMatchObject({ value: { created: false } });
  expect(await stub.create({ ...OWNER, subject: "bob" }, { id: "owned" })).toMatchObject({
    error: { code: "session_exists" },
  });
});

test("every method asks the role", async () => {
  const stub = await createdSession("roles");
  const forbidden = { ok: false, error: { code: "forbidden" } };
  expect(await stub.describe(as("runner"))).toMatchObject({ ok: true });
  for (const result of [
    await stub.messages(as("runner")),
    await stub.approvals(as("runner")),
    await stub.events(as("runner"), 0),
    await stub.command(as("runner"), "p", PROMPT),
    await stub.command(as("viewer"), "p", PROMPT),
    await stub.command(as("participant"), "t", { op: "terminate" }),
  ])
    expect(result).toMatchObject(forbidden);
  for (const result of [
    await stub.messages(as("viewer")),
    await stub.approvals(as("viewer")),
    await stub.events(as("viewer"), 0),
    await stub.command(as("participant"), "p", PROMPT),
    await stub.command(as("admin"), "t", { op: "terminate" }),
  ])
    expect(result).toMatchObject({ ok: true });
});
