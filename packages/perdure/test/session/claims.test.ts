import { textOf } from "../../src/protocol/index.ts";
import { expect, test } from "vitest";
import { FakeRunner } from "../support/fake-runner.ts";
import { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

test("N2 a new process gets the next epoch; one that reconnects keeps its own", async () => {
  const world = await SessionWorld.created();
  const first = await world.runner("one");
  expect(first.epoch).toBe(1);
  await first.reconnect();
  expect(first.epoch).toBe(1);
  world.evict();
  await first.reconnect();
  expect(first.epoch).toBe(1);
  const second = await world.runner("two", "spool-2");
  expect(second.epoch).toBe(2);
});

test("N3 a reconnecting process closes its old connection with 4000", async () => {
  const { world, runner } = await writingSession();
  const old = runner.link;
  await runner.connect();
  expect(old.closed?.code).toBe(4000);
  expect(runner.link.closed).toBeUndefined();
  await world.send(old, {
    t: "events",
    epoch: 1,
    r: 5,
    e: [{ type: "text-delta", id: "t", delta: "?" }],
  });
  await world.settle();
  expect(world.types()).not.toContain("text-delta");
});

test("N3 N4 a newer process fences the older: 4409, and nothing that it sends is taken", async () => {
  const { world, runner } = await writingSession();
  const next = new FakeRunner(world, "process-2", "spool-2");
  await next.connect();
  expect(runner.link.closed?.code).toBe(4409);
  await runner.text("too late");
  await runner.connect();
  expect(runner.link.closed?.code).toBe(4409);
  expect(runner.frames()).toEqual([]);
  await world.settle();
  expect(world.types()).not.toContain("text-delta");
  expect(next.link.closed).toBeUndefined();
});

test("N4 a process that never heard of its epoch is fenced all the same", async () => {
  const { world, runner } = await writingSession();
  await world.runner("process-2", "spool-2");
  world.evict();
  runner.epoch = undefined;
  await runner.connect();
  expect(runner.link.closed?.code).toBe(4409);
  expect(world.session.info().runner?.epoch).toBe(2);
});

test("N17 the epoch in runner.started is never above the claim's", async () => {
  const world = await SessionWorld.created();
  const runner = new FakeRunner(world, "one", "spool");
  await runner.connect();
  await runner.emit({
    type: "runner.started",
    epoch: 77,
    agent: { name: "liar" },
    restored: "new",
    agentSession: "agent-1",
    at: 0,
  });
  expect(world.session.state.runner).toMatchObject({ epoch: 1, agent: { name: "liar" } });
  await runner.connect();
  expect(runner.frames()[0]).toMatchObject({ t: "welcome", agentSession: "agent-1" });
});

test("N11 N17 the start of a dead process, in the backlog of the next, is no start of that", async () => {
  const world = await SessionWorld.created();
  const dead = new FakeRunner(world, "one", "spool");
  await dead.connect();
  world.disconnect(dead.link);
  await world.prompt("p");
  const next = new FakeRunner(world, "two", "spool");
  const at = world.clock.now();
  next.keep({ type: "runner.started", epoch: 1, agent: { name: "a" }, restored: "new", at });
  await next.reconnect();
  expect(next.commands()).toEqual([]);
  await next.start();
  expect(world.session.state.runner?.epoch).toBe(2);
  expect(next.commands()).toHaveLength(1);
});

test("N23 a runner's presence names the agent of its hello until its start does", async () => {
  const world = await SessionWorld.created();
  const runner = new FakeRunner(world, "one", "spool");
  await runner.connect({ agent: { name: "early", version: "1".repeat(5_000) } });
  const early = { name: "early", version: "1".repeat(200) };
  expect(world.session.info().runner).toMatchObject({ epoch: 1, agent: early });
  world.evict();
  expect(world.session.info().runner).toMatchObject({ epoch: 1, agent: early });
  await runner.start();
  expect(world.session.info().runner?.agent).toEqual({ name: "test" });
});

test("N24 the welcome is the first frame that a runner gets, before acknowledgements and commands", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.text("not durable");
  runner.frames();
  await runner.connect();
  expect(runner.frames().map(({ t }) => t)).toEqual(["welcome", "ack", "command"]);
});

test("a hello and events that are committed together leave one claim and one order", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  const first = world.prompt("keeps the queue busy");
  const next = new FakeRunner(world, "process-2", "spool-2");
  const connected = next.connect();
  const late = runner.text("from the fenced process");
  await Promise.all([first, connected, late]);
  await world.settle();
  expect(runner.link.closed?.code).toBe(4409);
  expect(world.types()).not.toContain("text-delta");
});

test("T13 a message of a runner that lost its claim is not gone on with by another one's backlog", async () => {
  const world = await SessionWorld.created();
  const first = await world.runner("one", "spool-1");
  await world.prompt("p");
  await first.beginPrompt("p");
  await first.emit({ type: "start", messageId: "p-reply" }, { type: "text-start", id: "t" });
  await first.text("from the first");
  const second = new FakeRunner(world, "two", "spool-2");
  second.keep({ type: "text-delta", id: "t", delta: "from a backlog" });
  await second.reconnect();
  await second.start();
  const texts = world.session.history.recent(9).map(({ message }) => textOf(message));
  expect(texts).toEqual(["hello", "from the first", "from a backlog"]);
});

test("T18 the end of a turn that was found interrupted, in a backlog, changes nothing", async () => {
  const world = await SessionWorld.created();
  const first = await world.runner("one", "spool-1");
  await world.prompt("p");
  await first.beginPrompt("p");
  const second = await world.runner("two", "spool-2");
  const back = new FakeRunner(world, "three", "spool-1");
  back.next = first.next;
  back.keep({ type: "turn.ended", turn: "p", outcome: "completed", at: 1 });
  await back.reconnect();
  expect(second.link.closed?.code).toBe(4409);
  expect(world.types().filter((type) => type === "turn.ended")).toHaveLength(2);
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "interrupted" });
  world.evict();
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "interrupted" });
});

test("A15 a question of a turn that does not run, in a backlog, is withdrawn at once", async () => {
  const world = await SessionWorld.created();
  const first = await world.runner("one", "spool-1");
  await world.prompt("p");
  await first.beginPrompt("p");
  await world.runner("two", "spool-2");
  const back = new FakeRunner(world, "three", "spool-1");
  back.next = first.next;
  await back.connect();
  await back.ask("q", "p");
  expect(world.session.state.approvals).toEqual([]);
  expect(world.session.approvals().approvals).toMatchObject([
    { approval: "q", state: "withdrawn" },
  ]);
  expect(await world.decide("d", "q", "yes")).toMatchObject({
    ok: false,
    error: { code: "approval_closed" },
  });
});
