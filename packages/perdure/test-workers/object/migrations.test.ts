import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { Migration } from "../../src/object/index.ts";
import { runMigrations, upgradeRequest } from "../../src/object/index.ts";
import type { KernelDO } from "../objects/kernel-do.ts";
import { deployed, entriesOf, journal, journalOf, NOTES } from "../objects/kernel-do.ts";
import { openSocket, problemIn, READER } from "./socket.ts";

const HOUR = 60 * 60 * 1000;
const EDITED: Migration = { ...NOTES, up: "CREATE TABLE notes (body TEXT)" };
const COLORS: Migration = { version: 2, sql: "CREATE TABLE colors (name TEXT)" };
const FAILING: Migration = {
  version: 2,
  sql: "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)",
};

afterEach(() => {
  deployed.migrations = [NOTES];
});

/** A deploy: memory is new, sockets stay open. */
async function deploy(stub: DurableObjectStub<KernelDO>, ...migrations: Migration[]) {
  deployed.migrations = migrations;
  await evictDurableObject(stub);
}

function tablesOf(stub: DurableObjectStub<KernelDO>): Promise<readonly unknown[]> {
  return runInDurableObject(stub, (_object, { storage }) =>
    storage.sql
      .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray()
      .map(({ name }) => name),
  );
}

function alarmOf(stub: DurableObjectStub<KernelDO>): Promise<number | null> {
  return runInDurableObject(stub, (_object, { storage }) => storage.getAlarm());
}

/** Sets a timer that is overdue, behind an alarm that will not ring by itself during a test. */
function setOverdue(stub: DurableObjectStub<KernelDO>, name: string): Promise<void> {
  return runInDurableObject(stub, ({ namedTimers }, { storage }) => {
    namedTimers.set(name, Date.now() + HOUR);
    storage.sql.exec("UPDATE timers SET due_at = 1 WHERE name = ?", name);
  });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : error;
}

test("M10 requests, sockets and refusals leave storage empty; the first use of sql migrates it", async () => {
  const stub = env.KERNEL.getByName("blank");
  expect(await (await stub.fetch("https://object/health")).text()).toBe("well");
  const unknown = await stub.fetch("https://object/unknown");
  expect(await problemIn(unknown)).toEqual([404, "not_found"]);
  const refused = await stub.fetch("https://object/", { headers: { upgrade: "websocket" } });
  expect(await problemIn(refused)).toEqual([401, "unauthorized"]);
  const { socket, texts } = await openSocket(stub);
  socket.send("hello");
  await vi.waitFor(() => expect(texts).toHaveLength(1));
  await evictDurableObject(stub);
  expect(await runInDurableObject(stub, (object) => object.isUnwritten)).toBe(true);
  await runInDurableObject(stub, (object) => object.alarm());
  expect(await tablesOf(stub)).toEqual([]);

  await stub.note("first");
  expect(await tablesOf(stub)).toEqual(
    expect.arrayContaining(["perdure_migrations", "timers", "commands", "notes"]),
  );
  expect(await runInDurableObject(stub, (object) => object.isUnwritten)).toBe(false);
});

/** Every way into an object, and what it makes the object note. */
const EVENTS: readonly {
  readonly event: string;
  readonly send: (stub: DurableObjectStub<KernelDO>, socket: WebSocket) => unknown;
  readonly saw: string;
}[] = [
  { event: "request", send: (stub) => stub.fetch("https://object/notes"), saw: "request /notes" },
  { event: "call", send: (stub) => stub.note("after"), saw: "constructed" },
  { event: "message", send: (_stub, socket) => socket.send("hello"), saw: "message hello" },
  { event: "close", send: (_stub, socket) => socket.close(), saw: "disconnect ada, sent false" },
  { event: "alarm", send: (stub) => runDurableObjectAlarm(stub), saw: "timer overdue null" },
];

test.for(EVENTS)(
  "M9 when the first event after a deploy is a $event, storage is migrated and the subclass has its fields",
  async ({ event, send, saw }) => {
    const name = `first event ${event}`;
    const stub = env.KERNEL.getByName(name);
    const { socket } = await openSocket(stub);
    await stub.note("before");
    await setOverdue(stub, "overdue");
    await deploy(stub, NOTES, COLORS);
    const count = journal.length;
    await send(stub, socket);
    await vi.waitFor(() => expect(journalOf(name)).toContain(saw));
    const entries = journal.slice(count).filter(({ object }) => object === name);
    const { instance } = await runInDurableObject<KernelDO, KernelDO>(stub, (object) => object);
    expect(entries).toEqual(
      entries.map(({ what, object }) => ({ what, object, instance, schema: 2 })),
    );
    expect(await tablesOf(stub)).toContain("colors");
  },
);

test("M7 a broken object answers every request, call and upgrade with broken, and changes nothing", async () => {
  const name = "broken";
  const stub = env.KERNEL.getByName(name);
  await stub.note("kept");
  const before = await tablesOf(stub);
  await deploy(stub, EDITED, COLORS);
  for (const path of ["health", "notes", "unknown"])
    expect(await problemIn(await stub.fetch(`https://object/${path}`))).toEqual([500, "broken"]);
  expect(await problemIn(await stub.fetch(upgradeRequest(READER)))).toEqual([500, "broken"]);
  expect(await stub.note("lost").then(() => "written", codeOf)).toBe("broken");
  expect(await tablesOf(stub)).toEqual(before);
  expect(journalOf(name).filter((what) => what.startsWith("request"))).toEqual([]);

  await deploy(stub, NOTES, COLORS);
  expect(await (await stub.fetch("https://object/notes")).json()).toEqual(["kept"]);
});

test("M7 the answer says which migration is wrong, and what to do", async () => {
  const stub = env.KERNEL.getByName("broken sentence");
  await stub.note("kept");
  await deploy(stub, EDITED);
  expect(await (await stub.fetch("https://object/")).json()).toEqual({
    type: "urn:perdure:error:broken",
    title: "broken",
    status: 500,
    code: "broken",
    owner: "app",
    version: 1,
    detail:
      'Migration 1 of "app" cannot be used: it was edited after it had run; undo the edit and add a new migration.',
  });
});

test("M7 a broken object closes a socket that speaks with 4500, and its client's close completes", async () => {
  const name = "broken sockets";
  const stub = env.KERNEL.getByName(name);
  await stub.note("kept");
  const speaking = await openSocket(stub);
  const leaving = await openSocket(stub);
  await deploy(stub, EDITED);
  speaking.socket.send("hello");
  expect(await speaking.closed).toMatchObject({ code: 4500 });
  expect(JSON.parse(speaking.texts[0] ?? "")).toMatchObject({ error: { code: "broken" } });
  leaving.socket.close(1000, "bye");
  expect(await leaving.closed).toEqual({ code: 1000, reason: "bye" });
  expect(journalOf(name).filter((what) => /^(message|disconnect)/.test(what))).toEqual([]);
});

test("M2 a migration that fails leaves nothing of it in the object, nor of later ones", async () => {
  const stub = env.KERNEL.getByName("failing");
  await stub.note("kept");
  const before = await tablesOf(stub);
  await deploy(stub, NOTES, FAILING, { version: 3, sql: "CREATE TABLE later (x)" });
  expect(await problemIn(await stub.fetch("https://object/notes"))).toEqual([500, "broken"]);
  expect(await tablesOf(stub)).toEqual(before);
});

test("M7 storage that cannot even be migrated for the first time is broken until a corrected deploy", async () => {
  const stub = env.KERNEL.getByName("broken at first");
  deployed.migrations = [{ ...FAILING, version: 1 }];
  expect(await stub.note("lost").then(() => "written", codeOf)).toBe("broken");
  expect(await stub.note("lost").then(() => "written", codeOf)).toBe("broken");
  expect(await tablesOf(stub)).not.toContain("half");
  await deploy(stub, NOTES);
  await stub.note("written");
  expect(await stub.notes()).toEqual(["written"]);
});

test("M6 M12 storage that runMigrations has brought to an earlier version goes on from there", async () => {
  const stub = env.KERNEL.getByName("earlier");
  await runInDurableObject(stub, (_object, { storage }) => {
    runMigrations(storage, [NOTES]);
    storage.sql.exec("INSERT INTO notes (text) VALUES ('earlier')");
  });
  await deploy(stub, NOTES, COLORS);
  expect(await stub.notes()).toEqual(["earlier"]);
  expect(await tablesOf(stub)).toEqual(expect.arrayContaining(["colors", "timers", "commands"]));
});

test("M8 a broken object's alarm, as its first event, is put off by five minutes and not lost", async () => {
  const name = "broken alarm";
  const stub = env.KERNEL.getByName(name);
  await stub.note("kept");
  await setOverdue(stub, "overdue");
  await deploy(stub, EDITED);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const before = Date.now();
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const alarm = (await alarmOf(stub)) ?? 0;
    expect(alarm).toBeGreaterThanOrEqual(before + 5 * 60 * 1000);
    expect(alarm).toBeLessThan(before + HOUR);
  }
  await deploy(stub, NOTES);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(entriesOf(name).at(-1)?.what).toBe("timer overdue null");
  expect(await alarmOf(stub)).toBeNull();
});
