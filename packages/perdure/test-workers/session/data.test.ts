import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, expectTypeOf, test } from "vitest";
import { assertNoScans } from "../../src/testing/index.ts";
import { due, search } from "../objects/data-session-do.ts";
import { Peer } from "./peer.ts";
import { as, OWNER, PROMPT, positionOf, valueOf } from "./setup.ts";

afterEach(() => {
  search.isOn = true;
});

async function dataSession(id: string) {
  const stub = env.DATA_SESSION.getByName(id);
  valueOf(await stub.create(OWNER, { id }));
  return stub;
}

/** Answers a prompt for each text: `p1` with `p1-reply`, and so on. */
async function say(stub: Awaited<ReturnType<typeof dataSession>>, ...texts: readonly string[]) {
  const runner = await Peer.runner(stub);
  let r = 2;
  for (const [index, text] of texts.entries()) {
    const turn = `p${index + 1}`;
    const command = positionOf(await stub.command(OWNER, turn, PROMPT));
    await runner.emit(
      r,
      { type: "command.begun", command, at: 1 },
      { type: "start", messageId: `${turn}-reply` },
      { type: "text-delta", id: "t", delta: text },
      { type: "finish" },
      { type: "turn.ended", turn, outcome: "completed", at: 1 },
    );
    r += 5;
  }
}

/** Rows that a session with one answer has written. */
async function rowsOf(id: string): Promise<number> {
  const stub = await dataSession(id);
  await say(stub, "A Café by the sea");
  return (await stub.rows()).written;
}

test("D8 metadata is typed and checked by a Zod schema, by RPC and by command", async () => {
  const stub = await dataSession("checked");
  const meta = await stub.setSessionMeta({ rating: 4 });
  expectTypeOf(meta.language).toEqualTypeOf<"en" | "de" | undefined>();
  expect(meta).toEqual({ rating: 4, language: "en" });
  // @ts-expect-error No such key.
  await stub.setSessionMeta({ colour: "red" });
  await runInDurableObject(stub, async (session) => {
    await expect(session.setSessionMeta({ rating: 9 })).rejects.toMatchObject({
      code: "bad_request",
      extra: { issues: [{ path: ["rating"] }] },
    });
  });
  const refused = await stub.command(OWNER, "m", { op: "set-meta", patch: { language: "fr" } });
  expect(refused).toMatchObject({ ok: false, error: { code: "bad_request" } });
  await evictDurableObject(stub);
  expect(await stub.getSessionMeta()).toEqual({ rating: 4, language: "en" });
});

test("D1 tasks are created, changed, listed and read by RPC, typed, and survive an eviction", async () => {
  const stub = await dataSession("tasks");
  const task = await stub.createTask({ id: "a", title: "Build", payload: { branch: "main" } });
  expectTypeOf(task.status).toEqualTypeOf<
    "pending" | "running" | "done" | "failed" | "cancelled"
  >();
  expect(await stub.createTask({ id: "a", title: "Other" })).toEqual(task);
  await stub.createTask({ title: "Test", priority: "high" });
  await stub.updateTask("a", { status: "done", result: [1, 2], progress: 1 });
  await evictDurableObject(stub);
  expect(await stub.getTask("a")).toMatchObject({
    title: "Build",
    status: "done",
    payload: { branch: "main" },
    result: [1, 2],
    progress: 1,
    source: "app",
  });
  expect((await stub.listTasks({ status: "pending" })).map(({ title }) => title)).toEqual(["Test"]);
  expect((await stub.listTasks({ limit: 1 })).map(({ title }) => title)).toEqual(["Test"]);
  expect(await stub.getTask("nobody")).toBeNull();
});

test("D1 D3 what a method refuses says why", async () => {
  const stub = await dataSession("refused");
  await stub.createTask({ id: "a", title: "A" });
  await stub.updateTask("a", { status: "cancelled" });
  await runInDurableObject(stub, async (session) => {
    for (const [call, code, why] of [
      [() => session.createTask({ title: " " }), "bad_request", "`title` must not be empty"],
      [() => session.createTask("x" as never), "bad_request", "`task` must be an object"],
      [() => session.updateTask("b", {}), "task_not_found", "create it first"],
      [() => session.updateTask("a", { title: "B" }), "task_ended", "is cancelled"],
      [() => session.updateTask("a", { status: "over" as never }), "bad_request", "one of pending"],
      [() => session.updateTask("a", { progress: 2 }), "bad_request", "from 0 to 1"],
    ] as const)
      await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
  });
});

test("a new task writes three rows, with that of the log; a change of its progress two, and one of its status three", async () => {
  const stub = await dataSession("rows of tasks");
  const costOf = async (work: () => Promise<unknown>) => {
    const before = await stub.rows();
    await work();
    return (await stub.rows()).written - before.written;
  };
  await stub.createTask({ id: "a", title: "A" });
  expect([
    await costOf(() => stub.createTask({ id: "b", title: "B" })),
    await costOf(() => stub.updateTask("b", { progress: 0.5 })),
    await costOf(() => stub.updateTask("b", { status: "done" })),
  ]).toEqual([3, 2, 3]);
});

test("participants create and change tasks by command, viewers do not", async () => {
  const stub = await dataSession("roles of tasks");
  const create = { op: "create-task", task: { id: "a", title: "A" } } as const;
  expect(await stub.command(as("viewer"), "1", create)).toMatchObject({
    error: { code: "forbidden" },
  });
  expect(await stub.command(as("participant"), "2", create)).toMatchObject({
    ok: true,
    result: { task: "a" },
  });
});

test("D6 a task that is due reaches the author's hook by the alarm, after an eviction too", async () => {
  const stub = await dataSession("due");
  await stub.createTask({ id: "tea", title: "Tea", payload: "green", dueAt: Date.now() });
  await evictDurableObject(stub);
  await runDurableObjectAlarm(stub);
  expect(due).toEqual(['tea "green"']);
});

test("D11 pages go back from the position of the first message, and one is read by its position or id", async () => {
  const stub = await dataSession("pages");
  await say(stub, "one", "two", "three");
  const page = await stub.getRecentMessages(2);
  expect(page.map(({ id }) => id)).toEqual(["p3", "p3-reply"]);
  const earlier = await stub.getRecentMessages(2, page[0]?.position);
  expect(earlier.map(({ id }) => id)).toEqual(["p2", "p2-reply"]);
  const [, reply] = earlier;
  expectTypeOf(reply?.role).toEqualTypeOf<"system" | "user" | "assistant" | undefined>();
  expect(await stub.getMessage("p2-reply")).toEqual(reply);
  expect(await stub.getMessage(reply?.position ?? 0)).toEqual(reply);
  expect(await stub.getMessage("nobody")).toBeNull();
});

test("D9 D10 messages are searched, and each with text has cost one row more", async () => {
  search.isOn = false;
  const plain = await rowsOf("not searched");
  search.isOn = true;
  // The prompt and its answer.
  expect((await rowsOf("searched")) - plain).toBe(2);
  const stub = env.DATA_SESSION.getByName("searched");
  const found = await stub.searchMessages("cafe sea");
  expectTypeOf(found.messages[0]?.role).toEqualTypeOf<
    "system" | "user" | "assistant" | undefined
  >();
  expect(found).toMatchObject({ messages: [{ id: "p1-reply" }], next: null, isComplete: true });
  expect((await stub.searchMessages('" OR cafe')).messages).toEqual([]);
});

test("D10 the search of a class that was switched on later, and off again", async () => {
  search.isOn = false;
  const stub = await dataSession("later");
  await say(stub, "tea at four");
  await runInDurableObject(stub, async (session) => {
    await expect(session.searchMessages("tea")).rejects.toThrow("static searchable = true");
  });
  search.isOn = true;
  await evictDurableObject(stub);
  expect(await stub.searchMessages("tea")).toMatchObject({ messages: [], isComplete: false });
  while (await runDurableObjectAlarm(stub))
    if ((await stub.searchMessages("tea")).isComplete) break;
  expect(await stub.searchMessages("tea")).toMatchObject({ messages: [{ id: "p1-reply" }] });
  search.isOn = false;
  await evictDurableObject(stub);
  await stub.getRecentMessages();
  const tables = await runInDurableObject(stub, (_session, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'message_text%'").toArray(),
  );
  expect(tables).toEqual([]);
});

test("the queries of a search and of a page use keys, as the platform plans them", async () => {
  const stub = await dataSession("plans");
  await stub.searchMessages("tea");
  const plans = await runInDurableObject(stub, (_session, { storage }) =>
    [
      "SELECT rowid FROM message_text WHERE message_text MATCH 'a' AND rowid < 9 ORDER BY rowid DESC LIMIT 3",
      "SELECT * FROM messages WHERE position = 9",
    ].map((query) =>
      storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map(({ detail }) => detail)
        .join("; "),
    ),
  );
  expect(plans).toEqual([
    expect.stringMatching(/^SCAN message_text VIRTUAL TABLE INDEX \d+:M1<$/),
    "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)",
  ]);
});

test("A16 no page of approvals reads a whole table, as the platform plans it", async () => {
  const stub = await dataSession("approval-plans");
  await say(stub, "one");
  await runInDurableObject(stub, async (session, { storage }) => {
    for (const state of [undefined, "pending", "decided", "withdrawn"] as const)
      await assertNoScans(storage.sql, () => session.approvals(OWNER, { state }));
  });
  const plans = await runInDurableObject(stub, (_session, { storage }) =>
    [
      "SELECT position, state FROM approvals WHERE position < 9 ORDER BY position DESC LIMIT 3",
      "SELECT position, state FROM approvals WHERE id = 'a'",
      "SELECT * FROM approvals WHERE position = 9",
    ].flatMap((query) =>
      storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map(({ detail }) => detail),
    ),
  );
  expect(plans).toEqual([
    "SEARCH approvals USING INTEGER PRIMARY KEY (rowid<?)",
    "SEARCH approvals USING INDEX approvals_by_id (id=?)",
    "SEARCH approvals USING INTEGER PRIMARY KEY (rowid=?)",
  ]);
});

test("a request for a session that does not exist reads nothing and writes nothing", async () => {
  const stub = env.DATA_SESSION.getByName("blank");
  expect(await stub.getSessionMeta()).toEqual({});
  expect(await stub.listTasks()).toEqual([]);
  expect(await stub.getTask("a")).toBeNull();
  expect(await stub.getMessage("a")).toBeNull();
  expect(await stub.searchMessages("a")).toEqual({ messages: [], next: null, isComplete: true });
  const tables = await runInDurableObject(stub, (_session, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'perdure%'").toArray(),
  );
  expect(tables).toEqual([]);
});
