import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { migrate } from "../../src/object/index.ts";
import { textOf } from "../../src/protocol/index.ts";
import { SESSION_SCHEMAS } from "../../src/session/index.ts";
import { FakeRunner } from "../support/fake-runner.ts";
import { NodeSql } from "../support/node-sql.ts";
import { tablesOf } from "../support/schema-of.ts";
import { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

/**
 * Databases that the code of each version of the tables has written: the same session, in the middle of its second turn,
 * with a decided approval and an open one, a plan, metadata, and a table of its author's.
 */
const FOLDER = join(import.meta.dirname, "stored");

const STORED = readdirSync(FOLDER);

function stored(name: string): NodeSql {
  const sql = new NodeSql();
  sql.script(readFileSync(join(FOLDER, name), "utf8"));
  return sql;
}

/** The session of a stored database, upgraded in place. */
function opened(name: string): SessionWorld {
  return new SessionWorld({}, undefined, stored(name));
}

const sessionVersions = SESSION_SCHEMAS.find(({ owner }) => owner === "session")?.migrations.map(
  ({ version }) => version,
);

test("M13 there is a stored database of the tables as they are now", () => {
  expect(STORED).toContain(`session-${sessionVersions?.at(-1)}.sql`);
});

test.each(STORED)("M13 %s: every message, tool call and tool result is there, in order", (name) => {
  const { session } = opened(name);
  expect(session.history.recent(50)).toMatchObject([
    { turn: "turn-1", message: { id: "turn-1", role: "user" } },
    {
      turn: "turn-1",
      message: {
        id: "reply-1",
        parts: [
          { type: "text", text: "It says hi 👋.", state: "done" },
          { type: "tool-read", input: { path: "a.txt" }, output: "hi", state: "output-available" },
        ],
      },
    },
    { turn: "turn-2", message: { id: "turn-2", metadata: { from: "phone" } } },
  ]);
  expect(session.history.find("reply-1")?.position).toBe(session.history.recent(50)[1]?.position);
});

test.each(STORED)("M13 D7 %s: the plan has today's names, in the table and in the log", (name) => {
  const world = opened(name);
  const plan = [
    { id: "task-1", title: "Look", status: "done", priority: "high", source: "plan" },
    { id: "task-2", title: "Leap", status: "running", source: "plan" },
    { id: "task-3", title: "Land", status: "pending", source: "plan" },
  ];
  const tasks = world.session.tasks.list().filter(({ source }) => source === "plan");
  expect(tasks).toMatchObject(plan);
  expect(tasks.every(({ createdAt, updatedAt }) => createdAt > 0 && updatedAt >= createdAt)).toBe(
    true,
  );
  const told = world.events().filter((event) => event.type === "tasks.changed");
  expect(told.map((event) => event.tasks.map(({ status }) => status))).toEqual([
    ["running", "pending"],
    ["done", "running"],
    ["done", "running", "pending"],
  ]);
  expect(told.at(-1)?.tasks).toMatchObject(plan);
});

test.each(STORED)("M13 %s: state, metadata and approvals are as they were", (name) => {
  const { session } = opened(name);
  expect(session.info()).toMatchObject({
    id: "old",
    lifecycle: "active",
    status: "waiting",
    title: "From before",
    createdBy: "ada",
    meta: { color: "blue", nested: { a: [1] } },
    turns: [{ id: "turn-2", state: "running" }],
  });
  expect(session.state.runner).toMatchObject({ epoch: 1, agentSession: "agent-session-1" });
  expect(session.state.lastOutcome).toMatchObject({ turn: "turn-1", outcome: "completed" });
  expect(session.approvals().approvals.map(({ approval, state }) => [approval, state])).toEqual([
    ["a2", "pending"],
    ["a1", "delivered"],
  ]);
});

test.each(STORED)("M13 %s: the same command is known, and the session goes on", async (name) => {
  const world = opened(name);
  world.clock.advance(1e12);
  const again = await world.prompt("turn-1", "something else");
  expect(again).toMatchObject({ ok: false, error: { code: "id_reused" } });
  const runner = new FakeRunner(world, "process-1", "spool-1");
  runner.epoch = 1;
  await runner.connect({ first: 1 });
  const [welcome] = runner.frames();
  expect(welcome).toMatchObject({ t: "welcome", epoch: 1, turn: "turn-2" });
  // It goes on after the last event that the session has of it.
  runner.next = welcome?.t === "welcome" ? welcome.r + 1 : 0;
  await world.decide("d2", "a2", "no", "ada");
  await runner.text("an answer");
  await runner.end("turn-2");
  await world.session.tasks.create({ id: "new", title: "New" }, "rpc");
  world.evict();
  const [, , , reply] = world.session.history.recent(50);
  expect(reply && textOf(reply.message)).toBe("Half of an answer");
  expect(world.session.info().status).toBe("idle");
  expect(world.session.tasks.list().at(-1)).toMatchObject({ id: "new", source: "app" });
});

test.each(STORED)("M13 %s: a subclass's migrations go on beside the library's", (name) => {
  const sql = stored(name);
  const notes = { version: 1, name: "notes", up: "CREATE TABLE notes (text TEXT NOT NULL)" };
  const pins = { version: 2, sql: "ALTER TABLE notes ADD COLUMN pinned INTEGER DEFAULT 0" };
  migrate(sql, [...SESSION_SCHEMAS, { owner: "app", migrations: [notes, pins] }]);
  expect(sql.run("SELECT * FROM notes")).toEqual([{ text: "kept", pinned: 0 }]);
  expect(tablesOf(sql)).not.toContain("claim");
  expect(sql.run("SELECT epoch, process, spool FROM claims")).toEqual([
    { epoch: 1, process: "process-1", spool: "spool-1" },
  ]);
});

test("M6 columns that an author adds to a table of the library are kept, and the session goes on", async () => {
  const { world, runner } = await writingSession();
  await runner.end("p");
  const columns = [
    { version: 1, sql: "ALTER TABLE messages ADD COLUMN tool_results TEXT" },
    { version: 2, sql: "ALTER TABLE messages ADD COLUMN latency_ms INTEGER" },
  ];
  migrate(world.sql, [...SESSION_SCHEMAS, { owner: "app", migrations: columns }]);
  world.sql.run("UPDATE messages SET latency_ms = 42");
  world.evict();
  await world.prompt("q");
  expect(world.session.history.recent(50).map(({ message }) => message.id)).toEqual([
    "p",
    "m",
    "q",
  ]);
  expect(world.sql.run("SELECT id, latency_ms FROM messages ORDER BY position")).toEqual([
    { id: "p", latency_ms: 42 },
    { id: "m", latency_ms: 42 },
    { id: "q", latency_ms: null },
  ]);
});
