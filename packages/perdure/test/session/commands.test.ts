import { expect, test } from "vitest";
import type { Identity } from "../../src/object/index.ts";
import { OWNER, SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const prompt = { op: "prompt", parts: [{ type: "text", text: "hello" }] } as const;
const VIEWER: Identity = { subject: "eve", role: "viewer", expiresAt: null };

test("T1 C1 a prompt sent 50 times under one id, over evictions and sockets, is one turn with 50 identical replies", async () => {
  const world = await SessionWorld.created();
  const replies: unknown[] = [];
  for (let n = 0; n < 24; n += 1) {
    if (n % 8 === 7) world.evict();
    replies.push(await world.command("p", prompt));
  }
  replies.push(...(await Promise.all([world.command("p", prompt), world.command("p", prompt)])));
  const link = world.connect("reader", { subject: OWNER.subject });
  for (let n = 0; n < 24; n += 1)
    await world.send(link, { t: "command", id: "p", command: prompt });
  for (const frame of link.take())
    if (typeof frame === "object" && frame.t === "reply") replies.push(frame.reply);
  expect(replies).toHaveLength(50);
  for (const reply of replies)
    expect(reply).toEqual({ ok: true, result: { turn: "p", position: 3 } });
  expect(world.types().filter((type) => type === "turn.queued")).toHaveLength(1);
  expect(world.session.state.turns).toHaveLength(1);
});

test("C3 a prompt is durable before its reply", async () => {
  const world = await SessionWorld.created();
  const reply = world.prompt("p", "keep me");
  const seen = await reply.then(() => {
    world.evict();
    return world.session.state.turns;
  });
  expect(seen).toMatchObject([
    { id: "p", state: "queued", message: { parts: [{ text: "keep me" }] } },
  ]);
  expect(world.session.history.recent(1)).toMatchObject([{ message: { id: "p", role: "user" } }]);
});

test("C2 an id that is used again for another command, or by another sender, has no effect", async () => {
  const world = await SessionWorld.created();
  await world.prompt("p");
  const refused = { ok: false, error: { code: "id_reused" } };
  expect(await world.prompt("p", "something else")).toMatchObject(refused);
  expect(await world.command("p", { op: "cancel" })).toMatchObject(refused);
  const other: Identity = { ...OWNER, subject: "bob" };
  expect(await world.command("p", prompt, other)).toMatchObject(refused);
  expect(world.session.state.turns).toHaveLength(1);
});

test("C8 a live reader gets the events of its command before the reply", async () => {
  const world = await SessionWorld.created();
  const link = await world.reader();
  link.take();
  await world.send(link, { t: "command", id: "p", command: prompt });
  expect(link.kinds).toEqual(["events", "reply"]);
});

test("C9 a viewer may not command: the reply says so, and the link stays open", async () => {
  const world = await SessionWorld.created();
  const link = await world.reader(null, "reader", { role: "viewer" });
  link.take();
  await world.send(link, { t: "command", id: "p", command: prompt });
  expect(link.take()).toMatchObject([
    { t: "reply", reply: { ok: false, error: { code: "forbidden" } } },
  ]);
  expect(link.closed).toBeUndefined();
  expect(await world.command("t", { op: "terminate" }, VIEWER)).toMatchObject({
    error: { code: "forbidden" },
  });
  expect(world.session.state).toMatchObject({ lifecycle: "active", turns: [] });
});

test("C11 C12 commands that are committed together take effect in order, and each stands alone", async () => {
  const world = await SessionWorld.created();
  const replies = await Promise.all([
    world.prompt("a"),
    world.command("none", { op: "cancel", turn: "nobody" }),
    world.prompt("b"),
    world.command("big", { op: "set-meta", patch: { big: "x".repeat(70_000) } }),
    world.command("c", { op: "cancel", turn: "a" }),
  ]);
  expect(replies).toMatchObject([
    { ok: true },
    { error: { code: "turn_not_found" } },
    { ok: true },
    { error: { code: "too_large" } },
    { ok: true },
  ]);
  expect(world.types().slice(2)).toEqual(["turn.queued", "turn.queued", "turn.ended"]);
});

test("L3 what is committed together is one row of the log", async () => {
  const world = await SessionWorld.created();
  const rows = () => world.sql.run("SELECT position FROM log").length;
  const before = rows();
  const ids = ["first", "a", "b", "c", "d"];
  await Promise.all(ids.map((id) => world.command(id, { op: "set-meta", patch: { id } })));
  expect(rows() - before).toBe(2);
  expect(world.types().filter((type) => type === "session.meta")).toHaveLength(5);
});

test("C4 a refusal that would be the same tomorrow is kept; any other may be tried again", async () => {
  const world = await SessionWorld.created();
  const cancel = { op: "cancel", turn: "p" } as const;
  const first = await world.command("c", cancel);
  expect(first).toMatchObject({ error: { code: "turn_not_found" } });
  await world.prompt("p");
  expect(await world.command("c", cancel)).toEqual(first);
  for (let n = 0; n < 99; n += 1) await world.prompt(`q${n}`);
  expect(await world.prompt("full")).toMatchObject({ error: { code: "too_many_turns" } });
  await world.command("c2", cancel);
  expect(await world.prompt("full")).toMatchObject({ ok: true });
});

test("T2 at most 100 turns are open", async () => {
  const world = await SessionWorld.created();
  for (let n = 0; n < 100; n += 1) expect(await world.prompt(`p${n}`)).toMatchObject({ ok: true });
  expect(await world.prompt("one more")).toMatchObject({ ok: false, error: { code: "bad_frame" } });
  expect(await world.prompt("one-more")).toMatchObject({ error: { code: "too_many_turns" } });
  expect(world.session.state.turns).toHaveLength(100);
});

test("C13 set-meta merges shallowly and null deletes; past 64 KiB nothing changes", async () => {
  const world = await SessionWorld.created();
  const set = (id: string, patch: Record<string, unknown>) =>
    world.command(id, { op: "set-meta", patch });
  await set("1", { a: { x: 1 }, b: 2 });
  await set("2", { a: { y: 2 }, b: null, c: [3] });
  expect(world.session.meta()).toEqual({ a: { y: 2 }, c: [3] });
  expect(await set("3", { big: "é".repeat(33_000) })).toMatchObject({
    error: { code: "too_large" },
  });
  world.evict();
  expect(world.session.meta()).toEqual({ a: { y: 2 }, c: [3] });
});

test("C12 C13 a key that several commands of a batch set is one row, of those that succeeded", async () => {
  const world = await SessionWorld.created();
  const set = (id: string, patch: Record<string, unknown>) =>
    world.command(id, { op: "set-meta", patch });
  await set("before", { gone: 1 });
  const { written } = world.sql.counts;
  await Promise.all([
    set("first", { alone: true }),
    set("a", { color: "red", gone: 2 }),
    set("b", { color: "green", big: "x".repeat(70_000) }),
    set("c", { color: "blue", gone: null }),
  ]);
  // Three commands, their two rows of the log, and three keys.
  expect(world.sql.counts.written - written).toBe(8);
  expect(world.session.meta()).toEqual({ alone: true, color: "blue" });
  world.evict();
  expect(world.session.meta()).toEqual({ alone: true, color: "blue" });
});

test("C14 a command may be sent before hello", async () => {
  const world = await SessionWorld.created();
  const link = world.connect("reader");
  await world.send(link, { t: "command", id: "p", command: prompt });
  expect(link.kinds).toEqual(["reply"]);
});

test("R21 a role that may not read is refused", async () => {
  const world = await SessionWorld.created();
  const link = world.connect("reader", { role: "runner" });
  const sent = world.send(link, { t: "hello", v: 1, after: null });
  await expect(sent).rejects.toMatchObject({ code: "forbidden" });
  expect(link.texts).toEqual([]);
});

test("L14 a write that fails leaves memory as it was", async () => {
  const { world, runner } = await writingSession();
  await runner.text("tail");
  const before = world.session.state;
  world.sql.script(
    "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  expect(await world.prompt("q")).toMatchObject({ error: { code: "internal" } });
  const set = (id: string, key: string) =>
    world.command(id, { op: "set-meta", patch: { [key]: true } });
  expect(await set("m1", "failed")).toMatchObject({ error: { code: "internal" } });
  await expect(runner.end("p")).rejects.toThrow("full");
  expect(world.session.state).toBe(before);
  world.sql.script("DROP TRIGGER full");
  const link = await world.reader(0);
  expect(await world.prompt("q")).toMatchObject({ result: { turn: "q", position: 9 } });
  await runner.resend();
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "completed" });
  const { head } = world.session.events(0);
  expect(world.events()).toHaveLength(head);
  const last = link.take().at(-1);
  expect(last).toMatchObject({ t: "events", d: head });
  await set("m2", "stored");
  world.evict();
  expect(world.session.meta()).toEqual({ stored: true, title: "hello" });
});
