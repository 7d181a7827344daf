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
  expect(world.session.recentMessages(1)).toMatchObject([{ message: { id: "p", role: "user" } }]);
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

test("T5 T6 cancelling the running turn tells the runner; a queued one never reaches it", async () => {
  const { world, runner } = await writingSession();
  await world.prompt("queued");
  const cancelled = await world.command("c1", { op: "cancel", turn: "queued" });
  expect(cancelled).toMatchObject({ ok: true, result: { turn: "queued" } });
  expect(world.session.state.turns).toMatchObject([{ id: "p", state: "running" }]);
  await world.command("c2", { op: "cancel" });
  expect(world.session.state.turns).toMatchObject([{ id: "p", state: "cancelling" }]);
  const [command, ...rest] = runner.commands();
  expect([command, rest]).toMatchObject([{ kind: "cancel", turn: "p" }, []]);
  await runner.begin(command?.command ?? 0);
  await runner.end("p", "cancelled");
  await runner.reconnect();
  expect(runner.commands()).toEqual([]);
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "cancelled" });
  expect(await world.command("c3", { op: "cancel" })).toMatchObject({
    error: { code: "turn_not_found" },
  });
});

test("T7 a paused session takes prompts and delivers none until it is resumed", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.command("pause", { op: "pause" });
  await world.prompt("p");
  await runner.reconnect();
  world.evict();
  await runner.reconnect();
  expect(runner.commands()).toEqual([]);
  expect(world.session.info()).toMatchObject({ lifecycle: "paused", status: "queued" });
  await world.command("resume", { op: "resume" });
  expect(runner.commands()).toMatchObject([{ kind: "prompt", turn: "p" }]);
});

test("T8 terminating ends the turns, closes runners with 4410, refuses commands; what was said can be read", async () => {
  const { world, runner } = await writingSession();
  await runner.text("half a sentence");
  await world.prompt("queued");
  const terminated = await world.command("t", { op: "terminate" });
  expect(terminated).toMatchObject({ ok: true });
  expect(world.events().slice(-3)).toMatchObject([
    { type: "turn.ended", turn: "p", outcome: "interrupted" },
    { type: "turn.ended", turn: "queued", outcome: "cancelled" },
    { type: "session.lifecycle", state: "terminated" },
  ]);
  expect(runner.link.closed?.code).toBe(4410);
  expect(world.connect("runner").closed?.code).toBe(4410);
  world.evict();
  expect(await world.prompt("late")).toMatchObject({ error: { code: "session_terminated" } });
  expect(await world.command("r", { op: "resume" })).toMatchObject({
    error: { code: "session_terminated" },
  });
  expect(await world.command("t", { op: "terminate" })).toEqual(terminated);
  const link = await world.reader();
  expect(link.kinds).toEqual(["welcome", "snapshot", "live"]);
  expect(world.session.recentMessages(50).map(({ message }) => message.id)).toEqual([
    "p",
    "m",
    "queued",
  ]);
});

test("T9 creating again as the same owner has no effect; another owner gets session_exists", async () => {
  const world = new SessionWorld();
  expect(await world.session.create(OWNER, { id: "s1", title: "One" })).toBe(true);
  expect(await world.session.create(OWNER, { id: "s1", title: "Two" })).toBe(false);
  world.evict();
  expect(await world.session.create(OWNER, { id: "s1" })).toBe(false);
  const other = world.session.create({ ...OWNER, subject: "bob" }, { id: "s1" });
  await expect(other).rejects.toMatchObject({ code: "session_exists" });
  expect(world.types()).toEqual(["session.created"]);
  expect(world.session.info()).toMatchObject({ id: "s1", title: "One", createdBy: "owner" });
});

test("T10 a command for a session that was not created gets session_not_found and writes nothing", async () => {
  const world = new SessionWorld();
  const { written } = world.sql.counts;
  expect(await world.prompt("p")).toMatchObject({ error: { code: "session_not_found" } });
  expect(world.connect("reader").closed?.code).toBe(4404);
  expect(world.sql.counts.written).toBe(written);
});

test("T11 the first prompt gives a session without a title its beginning as title", async () => {
  const world = await SessionWorld.created();
  await world.prompt("p", `  Write\n\n a   story ${"and so on ".repeat(20)}`);
  const { title } = world.session.info();
  expect(title).toHaveLength(80);
  expect(title).toMatch(/^Write a story and so on .*…$/);
  await world.prompt("q", "Another one");
  expect(world.session.info().title).toBe(title);
});

test("T12 what is running is derived: idle, queued, running, waiting", async () => {
  const world = await SessionWorld.created();
  const status = () => {
    world.evict();
    return world.session.info().status;
  };
  expect(status()).toBe("idle");
  await world.prompt("p");
  expect(status()).toBe("queued");
  const runner = await world.runner();
  await runner.beginPrompt("p");
  expect(status()).toBe("running");
  await runner.ask("a", "p");
  expect(status()).toBe("waiting");
  await world.decide("d", "a", "no");
  expect(status()).toBe("running");
  await runner.reconnect();
  await runner.end("p");
  expect(status()).toBe("idle");
});

test("T15 tasks.changed replaces all tasks, and is read as soon as it is durable", async () => {
  const { world, runner } = await writingSession();
  const tasks = (...titles: string[]) => ({
    type: "tasks.changed" as const,
    tasks: titles.map((title) => ({ id: title, title, status: "pending" as const })),
    at: world.clock.now(),
  });
  await runner.emit(tasks("a", "b"));
  expect(world.session.tasks()).toEqual([]);
  await world.settle();
  expect(world.session.tasks().map(({ id }) => id)).toEqual(["a", "b"]);
  await runner.emit(tasks("c", "a"));
  world.evict();
  expect(world.session.tasks().map(({ id }) => id)).toEqual(["a", "b"]);
  await runner.resend();
  await runner.end("p");
  expect(world.session.tasks().map(({ id }) => id)).toEqual(["c", "a"]);
});

test("T16 the list is told of a new session by a timer, until it has been", async () => {
  const world = new SessionWorld();
  await world.session.create(OWNER, { id: "s1" });
  const dueAt = world.dueAt("listing");
  expect(dueAt).toBe(world.clock.now() + 10_000);
  let told = 0;
  world.onListing = async () => {
    told += 1;
    if (told < 3) throw new Error("the list is away");
  };
  for (let n = 0; n < 5 && world.dueAt("listing") !== undefined; n += 1) {
    world.clock.advance(60_000);
    world.evict();
    await world.ring();
  }
  expect(told).toBe(3);
  expect(world.dueAt("listing")).toBeUndefined();
});

test("the list is told what changed, and nothing after a mere waking", async () => {
  const { world, runner } = await writingSession();
  expect(world.listings.map(({ status, title }) => [status, title])).toEqual([
    ["idle", null],
    ["running", "hello"],
  ]);
  world.evict();
  await world.command("m", { op: "set-meta", patch: { color: "red" } });
  await runner.reconnect();
  expect(world.listings).toHaveLength(2);
  await runner.end("p");
  expect(world.listings.at(-1)).toMatchObject({ id: "s1", status: "idle", title: "hello" });
});

test("L14 a write that fails leaves memory as it was", async () => {
  const { world, runner } = await writingSession();
  await runner.text("tail");
  const before = world.session.state;
  world.sql.script(
    "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  expect(await world.prompt("q")).toMatchObject({ error: { code: "internal" } });
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
});
