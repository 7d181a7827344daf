import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ApprovalRequest } from "../../src/protocol/index.ts";
import { Peer } from "./peer.ts";
import { createdSession, OWNER, positionOf, PROMPT, valueOf } from "./setup.ts";

const QUESTION = {
  turn: "p",
  kind: "edit",
  title: "Edit a.txt",
  input: { path: "a.txt" },
  options: [
    { id: "yes", name: "Allow", kind: "allow_once" },
    { id: "no", name: "Reject", kind: "reject_once" },
  ],
} as const satisfies Partial<ApprovalRequest>;

const delta = (text: string) => ({ type: "text-delta", id: "t", delta: text }) as const;

/** A session with a reader, a runner and a running turn, all durable and acknowledged. */
async function running(id: string) {
  const session = await createdSession(id);
  const reader = await Peer.reader(session);
  const runner = await Peer.runner(session);
  const command = positionOf(await session.command(OWNER, "p", PROMPT));
  await runner.emit(
    2,
    { type: "command.begun", command, at: 1 },
    { type: "start", messageId: "m" },
    { type: "approval.requested", approval: "a", ...QUESTION, at: 1 },
  );
  const { head } = valueOf(await session.describe(OWNER));
  reader.send({ t: "ack", d: head });
  await session.describe(OWNER);
  reader.frames.length = 0;
  return { session, reader, runner, head, asked: 4 };
}

/** The incarnation that a frame of the object carries. */
async function incarnationOf(reader: Peer, text: string): Promise<string> {
  reader.send({ t: "command", id: text, command: { op: "set-meta", patch: { text } } });
  return (await reader.next("reply")).i;
}

test("S12 R13 an idle session hibernates with two sockets open, and the next message arrives at both", async () => {
  const { session, reader, runner } = await running("idle");
  const before = await incarnationOf(reader, "one");
  reader.send({ t: "ack", d: valueOf(await session.describe(OWNER)).head });
  await session.describe(OWNER);

  await evictDurableObject(session);

  await session.command(OWNER, "cancel", { op: "cancel" });
  const event = await reader.next("events");
  expect(event.e).toMatchObject([{ type: "turn.cancelling", turn: "p" }]);
  expect(event.i).not.toBe(before);
  const command = await runner.next("command");
  expect(command).toMatchObject({ i: event.i, command: { kind: "cancel", turn: "p" } });
});

test("after an eviction a prompt is taken, once", async () => {
  const { session, reader, head } = await running("prompt");
  const first = await session.command(OWNER, "q", PROMPT);
  await evictDurableObject(session);
  expect(await session.command(OWNER, "q", PROMPT)).toEqual(first);
  await evictDurableObject(session);
  reader.send({ t: "command", id: "r", command: PROMPT });
  const reply = await reader.next("reply");
  expect(reply.reply).toEqual({ ok: true, result: { turn: "r", position: head + 2 } });
});

test("after an eviction a decision reaches the runner, once", async () => {
  const { session, runner, head, asked } = await running("decide");
  await evictDurableObject(session);
  const decide = { op: "decide", approval: "a", option: "yes" } as const;
  const reply = await session.command(OWNER, "d", decide);
  expect(reply).toMatchObject({ ok: true, result: { position: head + 1 } });
  const { command } = await runner.next("command");
  expect(command).toMatchObject({ kind: "answer", approval: "a", option: "yes" });
  await runner.emit(asked + 1, { type: "command.begun", command: command.command, at: 1 });
  await evictDurableObject(session);
  expect(await session.command({ ...OWNER, subject: "bob" }, "e", decide)).toMatchObject({
    error: { code: "already_decided", extra: { by: "ada", option: "yes" } },
  });
});

test("after an eviction events of the runner go on at their number", async () => {
  const { session, runner, asked } = await running("events");
  await runner.emit(asked + 1, delta("one "));
  await evictDurableObject(session);
  runner.send({ t: "events", epoch: 1, r: asked + 3, e: [delta("three")] });
  expect((await runner.next("expect")).r).toBe(asked + 1);
  await runner.emit(asked + 1, delta("one "), delta("two "), delta("three"));
  const { events } = valueOf(await session.events(OWNER, 0));
  expect(events.slice(-2)).toMatchObject([{ delta: "one " }, { delta: "two three" }]);
});

test("after an eviction an acknowledgement and a hello are answered", async () => {
  const { session, reader, head } = await running("hello");
  await session.command(OWNER, "m", { op: "set-meta", patch: { a: 1 } });
  await reader.next("events");
  await evictDurableObject(session);
  reader.send({ t: "ack", d: head });
  expect((await reader.next("head")).d).toBe(head + 1);
  reader.send({ t: "hello", v: 1, after: head });
  expect(await reader.next("welcome")).toMatchObject({ d: head + 1, subject: "ada" });
  expect(await reader.next("events")).toMatchObject({ p: head + 1, d: head + 1 });
  expect(await reader.next("live")).toMatchObject({
    runner: { epoch: 1, agent: { name: "test" } },
  });
});

test("after an eviction RPC answers what it answered before", async () => {
  const { session } = await running("rpc");
  const all = async () => ({
    info: await session.describe(OWNER),
    messages: await session.messages(OWNER),
    approvals: await session.approvals(OWNER, { state: "pending" }),
    events: await session.events(OWNER, 0),
    meta: await session.getSessionMeta(),
    recent: await session.getRecentMessages(),
  });
  const before = await all();
  expect(before).toMatchObject({
    info: { value: { status: "waiting", title: "hello" } },
    approvals: {
      value: { approvals: [{ approval: "a", state: "pending", requestedAt: 1 }], next: null },
    },
  });
  await evictDurableObject(session);
  expect(await all()).toEqual(before);
});

test("A7 K2 after an eviction the alarm fires, and an expired question fails closed", async () => {
  const { session, runner, asked } = await running("alarm");
  const expiresAt = Date.now() + 1;
  const question = { type: "approval.requested", approval: "b", ...QUESTION, expiresAt } as const;
  await runner.emit(asked + 1, { ...question, at: 1 });
  await evictDurableObject(session);
  while (Date.now() < expiresAt) await session.describe(OWNER);
  // The platform may have fired it already.
  await runDurableObjectAlarm(session);
  const records = valueOf(await session.approvals(OWNER)).approvals;
  expect(records[0]).toMatchObject({ approval: "b", option: "no", by: "perdure:expiry" });
  expect(await runner.next("command")).toMatchObject({
    command: { kind: "answer", approval: "b", option: "no" },
  });
});

test("S8 R20 after an eviction a runner that leaves is missed", async () => {
  const { session, reader, runner } = await running("leaves");
  await evictDurableObject(session);
  runner.close();
  expect(await reader.next("runner")).toMatchObject({ runner: null });
  expect(valueOf(await session.describe(OWNER)).runner).toBeNull();
});

test("N22 a terminated session closes its runner with 4410, also after an eviction", async () => {
  const { session, runner } = await running("terminated");
  await evictDurableObject(session);
  await session.command(OWNER, "t", { op: "terminate" });
  expect(await runner.closed).toEqual({ code: 4410 });
  const late = await Peer.open(session, { kind: "runner" });
  expect(await late.closed).toEqual({ code: 4410 });
  expect(await session.getRecentMessages()).toMatchObject([{ id: "p" }, { id: "m" }]);
});

test("S6 a reader whose token expires while the object sleeps gets nothing of what happens then", async () => {
  const { session } = await running("expires");
  const expiresAt = Date.now() + 200;
  const reader = await Peer.open(session, { expiresAt });
  reader.send({ t: "hello", v: 1, after: null });
  await reader.next("live");
  reader.frames.length = 0;
  await evictDurableObject(session);
  await runInDurableObject(session, async () => {
    while (Date.now() < expiresAt) await scheduler.wait(20);
  });
  await session.command(OWNER, "m", { op: "set-meta", patch: { secret: 1 } });
  expect(await reader.closed).toEqual({ code: 4401 });
  expect(JSON.stringify(reader.frames)).not.toContain("secret");
});
