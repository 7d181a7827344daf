import { expect, test } from "vitest";
import { SessionWorld } from "../support/session-world.ts";
import { FakeRunner } from "../support/fake-runner.ts";
import { writingSession } from "./writing-session.ts";

test("N11 a runner gets commands only after its start is durable", async () => {
  const world = await SessionWorld.created();
  await world.prompt("p");
  const runner = new FakeRunner(world, "one", "spool");
  await runner.connect();
  expect(runner.commands()).toEqual([]);
  await runner.start();
  expect(runner.commands()).toEqual([
    {
      kind: "prompt",
      command: 3,
      turn: "p",
      message: { id: "p", role: "user", parts: [{ type: "text", text: "hello" }] },
    },
  ]);
});

test("N12 a command is delivered on every connection until it is begun, once on each", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await world.command("m", { op: "set-meta", patch: { a: 1 } });
  await world.command("n", { op: "set-meta", patch: { a: 2 } });
  expect(runner.commands()).toHaveLength(1);
  await runner.reconnect();
  expect(runner.commands()).toHaveLength(1);
  world.evict();
  await runner.reconnect();
  const [command] = runner.commands();
  expect(command).toMatchObject({ kind: "prompt", turn: "p" });
  await runner.begin(command?.command ?? 0);
  await runner.reconnect();
  expect(runner.commands()).toEqual([]);
});

test("N25 a command that is not begun is sent again after 5 s, 10 s and 20 s; 40 s later the connection ends", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  const [command] = runner.commands();
  for (const wait of [5_000, 10_000, 20_000]) {
    world.clock.advance(wait - 1);
    expect(runner.commands()).toEqual([]);
    world.clock.advance(1);
    expect(runner.commands()).toEqual([command]);
  }
  world.clock.advance(39_999);
  expect(runner.link.closed).toBeUndefined();
  world.clock.advance(1);
  expect(runner.link.closed?.code).toBe(1001);
  expect(world.clock.waiting).toBe(0);
  await runner.reconnect();
  expect(runner.commands()).toEqual([command]);
});

test("N25 on a new connection the wait for the begin of a command starts anew", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  const [command] = runner.commands();
  world.clock.advance(4_999);
  await runner.reconnect();
  expect(runner.commands()).toEqual([command]);
  world.clock.advance(4_999);
  expect(runner.commands()).toEqual([]);
  world.clock.advance(1);
  expect(runner.commands()).toEqual([command]);
});

test("N25 a command that is begun is not sent again", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  const [command] = runner.commands();
  world.clock.advance(5_000);
  expect(runner.commands()).toEqual([command]);
  await runner.begin(command?.command ?? 0);
  world.clock.advance(100_000);
  expect(runner.commands()).toEqual([]);
  expect(runner.link.closed).toBeUndefined();
});

test("N25 memory that is new sends again what the one before had sent", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  const [command] = runner.commands();
  world.evict();
  world.clock.advance(5_000);
  expect(runner.commands()).toEqual([command]);
});

test("N25 nothing waits for a runner that is gone, so that the session can hibernate", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  world.disconnect(runner.link);
  world.clock.advance(5_000);
  expect(world.clock.waiting).toBe(0);
});

test("N12 after the loss of memory a command is delivered again on a socket that stayed", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  expect(runner.commands()).toHaveLength(1);
  world.evict();
  await world.prompt("q");
  expect(runner.commands()).toMatchObject([{ kind: "prompt", turn: "p" }]);
});

test("N13 one prompt is delivered at a time; answers and cancellations do not wait", async () => {
  const { world, runner } = await writingSession();
  await world.prompt("q");
  expect(runner.commands()).toEqual([]);
  await runner.ask("a", "p");
  const decided = await world.decide("d", "a", "yes");
  const cancelled = await world.command("c", { op: "cancel" });
  expect([decided, cancelled]).toMatchObject([
    { result: { position: 10 } },
    { result: { position: 11 } },
  ]);
  expect(runner.commands()).toMatchObject([
    { kind: "answer", command: 10, turn: "p", approval: "a", option: "yes" },
    { kind: "cancel", command: 11, turn: "p" },
  ]);
  await runner.end("p");
  expect(runner.commands()).toMatchObject([{ kind: "prompt", turn: "q" }]);
});

test("N14 the acknowledgement of a begun command names the running turn", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await world.command("c", { op: "cancel" });
  const [command] = runner.commands();
  await runner.begin(command?.command ?? 0);
  expect(runner.frames()).toMatchObject([{ t: "ack", r: 2, turn: null }]);
  await world.prompt("q");
  await runner.beginPrompt("q");
  expect(runner.frames()).toMatchObject([{ t: "ack", r: 3, turn: "q" }]);
});

test("T3 a runner that begins out of order never has two prompts", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  const second = await world.prompt("q");
  runner.commands();
  await runner.begin(second.ok ? second.result.position : 0);
  await runner.reconnect();
  expect(runner.commands()).toEqual([]);
});
