import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { splitRun } from "../../src/protocol/index.ts";
import type { CopyLine, SessionDO } from "../../src/session/index.ts";
import { exportLines, forkSession, importLines } from "../../src/session/index.ts";
import { Peer } from "./peer.ts";
import { as, OWNER, positionOf, PROMPT, valueOf } from "./setup.ts";

const BOB = { ...OWNER, subject: "bob" };

const large = "\u{1F600}".repeat(80_000);

const stubOf = (id: string) => env.SESSION_DO.getByName(id);

/** All durable events of a session, each by itself, from its floor on. */
async function eventsOf(id: string): Promise<readonly SessionEvent[]> {
  const { floor } = valueOf(await stubOf(id).describe(OWNER));
  const events: SessionEvent[] = [];
  for (let after = floor; ;) {
    const page = valueOf(await stubOf(id).events(OWNER, after));
    events.push(...page.events.flatMap((event) => splitRun(event as SessionEvent)));
    if (page.next >= page.head) return events;
    after = page.next;
  }
}

const messagesOf = async (id: string) => valueOf(await stubOf(id).messages(OWNER)).messages;

const approvalsOf = async (id: string) => valueOf(await stubOf(id).approvals(OWNER)).approvals;

const bytesOf = (text: string) => new Blob([text]).stream() as ReadableStream<Uint8Array>;

async function exported(id: string, at?: number): Promise<string> {
  let text = "";
  for await (const lines of exportLines(stubOf(id), OWNER, at)) text += lines;
  return text;
}

/** A session of two turns with text, metadata, a task, a large event and an approval; the second turn still runs. */
async function busySession(id: string) {
  const stub = stubOf(id);
  valueOf(await stub.create(OWNER, { id, title: "Busy" }));
  const runner = await Peer.runner(stub);
  const first = positionOf(await stub.command(OWNER, "p1", PROMPT));
  await runner.emit(
    2,
    { type: "command.begun", command: first, at: 1 },
    { type: "start", messageId: "m1" },
    { type: "text-start", id: "t" },
    ...["one ", "two ", "three"].map((delta) => ({ type: "text-delta", id: "t", delta }) as const),
    { type: "data-large", data: large },
    { type: "finish" },
    { type: "turn.ended", turn: "p1", outcome: "completed", at: 1 },
  );
  positionOf(await stub.command(OWNER, "meta", { op: "set-meta", patch: { color: "red" } }));
  positionOf(await stub.command(OWNER, "task", { op: "create-task", task: { title: "Pack" } }));
  const quiet = valueOf(await stub.describe(OWNER)).head;
  const second = positionOf(await stub.command(OWNER, "p2", PROMPT));
  await runner.emit(
    11,
    { type: "command.begun", command: second, at: 2 },
    { type: "start", messageId: "m2" },
    { type: "text-delta", id: "t", delta: "not fin" },
    {
      type: "approval.requested",
      approval: "a1",
      turn: "p2",
      kind: "edit",
      title: "Edit?",
      input: {},
      options: [{ id: "yes", name: "Yes", kind: "allow_once" }],
      at: 2,
    },
  );
  positionOf(await stub.command(OWNER, "p3", PROMPT));
  const { head } = valueOf(await stub.describe(OWNER));
  return { stub, runner, quiet, head };
}

test("X1 a fork has the events up to its position, and messages, metadata and tasks as they were there", async () => {
  const { quiet } = await busySession("original");
  const source = await eventsOf("original");
  const fork = await forkSession(stubOf("original"), stubOf("fork"), BOB, {
    id: "fork",
    at: quiet,
    title: "Another way",
  });
  expect(fork).toMatchObject({ created: true, isWhole: true, received: quiet });
  const events = await eventsOf("fork");
  expect(events.slice(0, quiet)).toEqual(source.slice(0, quiet));
  expect(events.slice(quiet)).toMatchObject([
    { type: "session.forked", from: "original", position: quiet, by: "bob" },
    { type: "session.meta", patch: { title: "Another way" }, by: "bob" },
  ]);
  const messages = await messagesOf("original");
  expect(await messagesOf("fork")).toEqual(messages.filter(({ position }) => position <= quiet));
  const info = valueOf(await stubOf("fork").describe(BOB));
  expect(info).toMatchObject({
    createdBy: "bob",
    lifecycle: "active",
    status: "idle",
    turns: [],
    meta: { title: "Another way", color: "red" },
  });
  expect(valueOf(await stubOf("fork").tasks(BOB))).toEqual(
    valueOf(await stubOf("original").tasks(OWNER)),
  );
  await evictDurableObject(stubOf("fork"));
  expect(valueOf(await stubOf("fork").describe(BOB))).toEqual(info);
  expect(JSON.stringify(await messagesOf("fork"))).toContain(large);
});

test("X1 a fork may end in the middle of a run of deltas, and goes on by itself", async () => {
  await busySession("middle");
  const source = await eventsOf("middle");
  const at = source.findIndex((event) => event.type === "text-delta") + 2;
  await forkSession(stubOf("middle"), stubOf("cut"), OWNER, { id: "cut", at });
  expect((await eventsOf("cut")).slice(0, at)).toEqual(source.slice(0, at));
  const [, message] = await messagesOf("cut");
  expect(message?.message).toMatchObject({ id: "m1", parts: [{ text: "one two " }] });
  const runner = await Peer.runner(stubOf("cut"));
  const command = positionOf(await stubOf("cut").command(OWNER, "p9", PROMPT));
  await runner.emit(
    2,
    { type: "command.begun", command, at: 9 },
    { type: "turn.ended", turn: "p9", outcome: "completed", at: 9 },
  );
  expect((await messagesOf("cut")).at(-1)?.message.id).toBe("p9");
  expect(await eventsOf("middle")).toEqual(source);
});

test("X2 what is open where a fork ends is closed in it, and nothing of the runner is in it", async () => {
  const { head } = await busySession("open");
  await forkSession(stubOf("open"), stubOf("closed"), OWNER, { id: "closed" });
  expect((await eventsOf("closed")).slice(head)).toMatchObject([
    { type: "approval.closed", approval: "a1", why: "withdrawn" },
    { type: "turn.ended", turn: "p2", outcome: "interrupted" },
    { type: "turn.ended", turn: "p3", outcome: "cancelled" },
    { type: "session.forked" },
  ]);
  expect(await approvalsOf("closed")).toMatchObject([{ approval: "a1", state: "withdrawn" }]);
  expect(valueOf(await stubOf("closed").describe(OWNER))).toMatchObject({
    status: "idle",
    runner: null,
  });
  const peer = await Peer.open(stubOf("closed"), { kind: "runner" });
  peer.send({ t: "hello", v: 1, process: "process-1", spool: "spool-1", first: 1 });
  expect(await peer.next("welcome")).toMatchObject({ r: 0, agentSession: null, turn: null });
  const original = valueOf(await stubOf("open").describe(OWNER));
  expect(original).toMatchObject({ status: "waiting", turns: [{ id: "p2" }, { id: "p3" }] });
});

test("X3 a fork of a session that is over is active, and is in its owner's list", async () => {
  const { stub } = await busySession("over");
  positionOf(await stub.command(OWNER, "end", { op: "terminate" }));
  await forkSession(stub, stubOf("again"), BOB, { id: "again" });
  expect(valueOf(await stubOf("again").describe(BOB))).toMatchObject({ lifecycle: "active" });
  for (;;) {
    const { sessions } = await env.SESSION_INDEX.getByName("bob").list();
    const line = sessions.find(({ id }) => id === "again");
    if (line?.lifecycle === "active") break;
    await scheduler.wait(5);
  }
});

test("X4 X5 a fork that was cut off goes on where it stands, unseen until it is whole", async () => {
  const { head, quiet } = await busySession("long");
  const source = stubOf("long");
  const order = { kind: "forked", id: "slow" } as const;
  const header = valueOf(await source.copyHeader(OWNER));
  const page = valueOf(await source.copyPage(OWNER, header, { kind: "event", after: 0 }));
  const first = page.lines.slice(0, 4) as readonly CopyLine[];
  valueOf(await stubOf("slow").beginCopy(OWNER, { ...order, header }));
  const { received } = valueOf(await stubOf("slow").takeCopy(OWNER, first));
  expect(received).toBeGreaterThan(3);
  await abortAllDurableObjects();

  const missing = { ok: false, error: { code: "session_not_found" } };
  expect(await stubOf("slow").describe(OWNER)).toMatchObject(missing);
  expect(await stubOf("slow").command(OWNER, "p", PROMPT)).toMatchObject(missing);
  expect(await (await Peer.open(stubOf("slow"))).closed).toEqual({ code: 4404 });
  expect(await stubOf("slow").create(OWNER, { id: "slow" })).toMatchObject({
    error: { code: "unavailable" },
  });
  expect(await stubOf("slow").beginCopy(BOB, { ...order, header })).toMatchObject({
    error: { code: "session_exists" },
  });
  // The same lines once more have no effect; what comes too early is refused.
  expect(valueOf(await stubOf("slow").takeCopy(OWNER, first)).received).toBe(received);
  const late = [{ position: received + 2, event: { type: "finish" } }] as const;
  expect(await stubOf("slow").takeCopy(OWNER, late)).toMatchObject({
    error: { code: "bad_request" },
  });
  expect(await stubOf("slow").finishCopy(OWNER)).toMatchObject({ error: { code: "bad_request" } });

  // The other session goes on meanwhile.
  positionOf(await stubOf("long").command(OWNER, "more", { op: "set-meta", patch: { n: 1 } }));
  const fork = () => forkSession(stubOf("long"), stubOf("slow"), OWNER, { id: "slow" });
  expect(await fork()).toMatchObject({ created: true, received: head });
  const events = await eventsOf("slow");
  expect(events.slice(0, head)).toEqual((await eventsOf("long")).slice(0, head));
  expect(await fork()).toMatchObject({ created: false, isWhole: true, header: { position: head } });
  expect(await eventsOf("slow")).toEqual(events);
  await expect(
    forkSession(stubOf("long"), stubOf("slow"), OWNER, { id: "slow", at: quiet }),
  ).rejects.toMatchObject({ code: "session_exists" });
});

test("X5 a copy that is never finished is forgotten, and its id is free", async () => {
  await busySession("whole");
  const header = valueOf(await stubOf("whole").copyHeader(OWNER));
  const page = valueOf(await stubOf("whole").copyPage(OWNER, header, { kind: "event", after: 0 }));
  const target = stubOf("given-up");
  valueOf(await target.beginCopy(OWNER, { kind: "imported", id: "given-up", header }));
  valueOf(await target.takeCopy(OWNER, page.lines as readonly CopyLine[]));
  expect(await target.create(BOB, { id: "given-up" })).toMatchObject({ ok: false });
  await runInDurableObject(target, (_instance, { storage }) => {
    storage.sql.exec("UPDATE timers SET due_at = 1 WHERE name = 'perdure:copy'");
  });
  expect(await runDurableObjectAlarm(target)).toBe(true);
  expect(await target.create(BOB, { id: "given-up" })).toMatchObject({ value: { created: true } });
  expect(await eventsOf("given-up")).toMatchObject([{ type: "session.created", by: "bob" }]);
});

test("X6 X8 an import has the events, messages and approvals of what was exported, what is large too", async () => {
  const { runner } = await busySession("there");
  await stubOf("there").command(OWNER, "d", { op: "decide", approval: "a1", option: "yes" });
  const [decision] = (await eventsOf("there")).flatMap((event, index) =>
    event.type === "approval.decided" ? [index + 1] : [],
  );
  await runner.emit(
    15,
    { type: "command.begun", command: decision ?? 0, at: 3 },
    { type: "turn.ended", turn: "p2", outcome: "completed", at: 3 },
  );
  await stubOf("there").command(OWNER, "c", { op: "cancel" });
  const file = await exported("there");
  const [header, ...rest] = file.trimEnd().split("\n");
  expect(JSON.parse(header ?? "")).toMatchObject({ perdure: "session", v: 1, session: "there" });
  expect(JSON.parse(rest.at(-1) ?? "")).toMatchObject({ end: { lines: rest.length } });
  await importLines(stubOf("here"), BOB, "here", bytesOf(file));
  const source = await eventsOf("there");
  const events = await eventsOf("here");
  expect(events.slice(0, source.length)).toEqual(source);
  expect(events.slice(source.length)).toMatchObject([
    { type: "session.imported", from: "there", position: source.length, by: "bob" },
  ]);
  expect(JSON.stringify(await messagesOf("here"))).toBe(JSON.stringify(await messagesOf("there")));
  expect(await approvalsOf("here")).toEqual(await approvalsOf("there"));
  expect(await approvalsOf("here")).toMatchObject([{ state: "delivered", option: "yes" }]);
});

test("X3 an import of a session that is over is over, and belongs to who imported it", async () => {
  const { stub } = await busySession("ended");
  await stub.command(OWNER, "end", { op: "terminate" });
  await importLines(stubOf("ended-too"), BOB, "ended-too", bytesOf(await exported("ended")));
  expect(valueOf(await stubOf("ended-too").describe(BOB))).toMatchObject({
    lifecycle: "terminated",
    createdBy: "bob",
  });
});

test("X7 of a file that is cut off or altered nothing becomes a session", async () => {
  await busySession("damaged");
  const file = await exported("damaged");
  const lines = file.split(/(?<=\n)/);
  for (const broken of [
    "",
    lines.slice(0, -1).join(""),
    file.slice(0, -9),
    file.replace('"red"', '"rod"'),
    lines.toSpliced(3, 1).join(""),
    `${file}{}\n`,
    file.replace('"v":1', '"v":2'),
    "{}\n",
  ])
    await expect(
      importLines(stubOf("never"), OWNER, "never", bytesOf(broken)),
    ).rejects.toMatchObject({ code: expect.stringMatching(/bad_request|unsupported_version/) });
  expect(await stubOf("never").describe(OWNER)).toMatchObject({
    error: { code: "session_not_found" },
  });
  // What the attempts have left does not stand in the way.
  await importLines(stubOf("never"), OWNER, "never", bytesOf(file));
  expect((await messagesOf("never")).length).toBeGreaterThan(0);
});

test("X8 an import where a session is gets session_exists and changes nothing", async () => {
  await busySession("taken");
  const file = await exported("taken");
  const events = await eventsOf("taken");
  await expect(importLines(stubOf("taken"), OWNER, "taken", bytesOf(file))).rejects.toMatchObject({
    code: "session_exists",
  });
  await stubOf("named").setSessionMeta({ a: 1 });
  await expect(importLines(stubOf("named"), OWNER, "named", bytesOf(file))).rejects.toMatchObject({
    code: "session_exists",
  });
  expect(await eventsOf("taken")).toEqual(events);
});

test("X9 a copy of a log that retention has passed has its messages, approvals, metadata and floor", async () => {
  const { stub, head } = await busySession("trimmed");
  await stub.command(OWNER, "end", { op: "terminate" });
  await stub.command(OWNER, "m", { op: "set-meta", patch: {} });
  const floor = await runInDurableObject(stub, (instance) =>
    (instance as unknown as { session: { trim(at: number): Promise<number> } }).session.trim(head),
  );
  expect(floor).toBeGreaterThan(10);
  const file = await exported("trimmed");
  await importLines(stubOf("kept"), OWNER, "kept", bytesOf(file));
  expect(await eventsOf("kept")).toMatchObject([
    ...(await eventsOf("trimmed")),
    { type: "session.imported" },
  ]);
  const [there, here] = [await stub.describe(OWNER), await stubOf("kept").describe(OWNER)];
  expect(valueOf(here)).toMatchObject({ floor, lifecycle: "terminated" });
  expect(valueOf(here).meta).toEqual(valueOf(there).meta);
  expect(await messagesOf("kept")).toEqual(await messagesOf("trimmed"));
  expect(await approvalsOf("kept")).toEqual(await approvalsOf("trimmed"));
  expect(valueOf(await stubOf("kept").tasks(OWNER))).toEqual(valueOf(await stub.tasks(OWNER)));
  await forkSession(stub, stubOf("at-floor"), OWNER, { id: "at-floor", at: floor });
  expect(valueOf(await stubOf("at-floor").describe(OWNER))).toMatchObject({
    floor,
    lifecycle: "active",
    meta: { title: "Busy", color: "red" },
  });
  for (const at of [floor - 1, 9_999])
    await expect(
      forkSession(stub, stubOf("nowhere"), OWNER, { id: "nowhere", at }),
    ).rejects.toMatchObject({ code: "bad_request", extra: { floor } });
});

test("copying asks the role: a viewer exports nothing, and who may not create makes nothing", async () => {
  await busySession("guarded");
  const source = stubOf("guarded");
  const forbidden = { error: { code: "forbidden" } };
  const header = valueOf(await source.copyHeader(as("participant")));
  expect(await source.copyHeader(as("viewer"))).toMatchObject(forbidden);
  expect(await source.copyPage(as("viewer"), header, { kind: "event", after: 0 })).toMatchObject(
    forbidden,
  );
  const target: DurableObjectStub<SessionDO> = stubOf("unmade");
  expect(
    await target.beginCopy(as("participant"), { kind: "forked", id: "unmade", header }),
  ).toMatchObject(forbidden);
});
