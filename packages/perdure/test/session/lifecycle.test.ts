import { expect, test } from "vitest";
import { EMPTY_STATE, reduce } from "../../src/protocol/index.ts";
import { OWNER, SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

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

test("T7 T8 a session is initializing until it is created, then active, paused and active again, and terminated", async () => {
  const world = new SessionWorld();
  const states = [EMPTY_STATE.lifecycle];
  await world.session.create(OWNER, { id: "s1" });
  states.push(world.session.info().lifecycle);
  for (const op of ["pause", "resume", "terminate"] as const) {
    expect(await world.command(op, { op })).toMatchObject({ ok: true });
    states.push(world.session.info().lifecycle);
  }
  expect(states).toEqual(["initializing", "active", "paused", "active", "terminated"]);
  const seen = world
    .events()
    .reduce((state, event, index) => reduce(state, event, index + 1), EMPTY_STATE);
  expect(seen.lifecycle).toBe("terminated");
  expect(await world.command("again", { op: "resume" })).toMatchObject({
    error: { code: "session_terminated" },
  });
});

test("T8 T21 terminating ends the turns, closes runners with 4410, refuses commands; what was said can be read", async () => {
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
  expect(world.session.history.recent(50).map(({ message }) => message.id)).toEqual([
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
  expect(world.session.tasks.list()).toEqual([]);
  await world.settle();
  expect(world.session.tasks.list().map(({ id }) => id)).toEqual(["a", "b"]);
  await runner.emit(tasks("c", "a"));
  world.evict();
  expect(world.session.tasks.list().map(({ id }) => id)).toEqual(["a", "b"]);
  await runner.resend();
  await runner.end("p");
  expect(world.session.tasks.list().map(({ id }) => id)).toEqual(["c", "a"]);
});
