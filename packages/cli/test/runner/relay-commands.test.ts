import { expect, test } from "vitest";
import { Bench, MemorySpool, prompt, turnEnded } from "./relay-fakes.ts";

test("the agent is told only when the log says that the command was begun", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  expect(bench.link.events.at(-1)).toMatchObject({
    r: 2,
    event: { type: "command.begun", command: 10 },
  });
  bench.ack(1);
  expect(bench.agent.told).toEqual([]);
  bench.ack(2, "turn-1");
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});

test("a welcome that covers the begun command releases it as an acknowledgement does", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.connect();
  bench.welcome(2, { turn: "turn-1" });
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});

test("a command that is delivered again is begun once", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.command(prompt(10, "turn-1"));
  bench.connect();
  bench.welcome(0);
  bench.command(prompt(10, "turn-1"));
  expect(bench.spool.next).toBe(3);
  bench.ack(2, "turn-1");
  bench.command(prompt(10, "turn-1"));
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});

test("N25 a command that is delivered again on the same connection is begun once, at every step", async () => {
  const bench = new Bench();
  bench.connect();
  bench.welcome(0);
  bench.command(prompt(10, "turn-1"));
  bench.command(prompt(10, "turn-1"));
  await bench.agentIsReady();
  bench.command(prompt(11, "turn-2"));
  bench.command(prompt(11, "turn-2"));
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.command(prompt(10, "turn-1"));
  bench.command(prompt(11, "turn-2"));
  bench.emit(turnEnded("turn-1"));
  bench.command(prompt(10, "turn-1"));
  bench.command(prompt(11, "turn-2"));
  bench.ack(4, "turn-2");
  bench.emit(turnEnded("turn-2"));
  bench.command(prompt(11, "turn-2"));
  expect(bench.agent.told).toEqual(["prompt turn-1", "prompt turn-2"]);
  expect(bench.link.types).toEqual([
    "runner.started",
    "command.begun",
    "turn.ended",
    "command.begun",
    "turn.ended",
  ]);
});

test("a command that an earlier process began is not begun again", async () => {
  const spool = new MemorySpool();
  spool.append({ type: "command.begun", command: 10, at: 1 });
  const bench = new Bench(spool);
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(5, "turn-1");
  expect(bench.agent.told).toEqual([]);
});

test("an answer with a low number is taken after a prompt with a high one", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.command(prompt(30, "turn-2"));
  bench.command({
    kind: "answer",
    command: 20,
    turn: "turn-1",
    approval: "7.1",
    option: "allow_once",
    digest: "",
  });
  bench.ack(3, "turn-1");
  expect(bench.agent.told).toEqual(["prompt turn-1", "answer 7.1 allow_once"]);
});

test("a prompt that was cancelled before it was begun is never run", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.command(prompt(11, "turn-2"));
  bench.ack(2, null);
  expect(bench.agent.told).toEqual([]);
  bench.ack(3, "turn-2");
  expect(bench.agent.told).toEqual(["prompt turn-2"]);
});

test("one prompt at a time: the next is begun when the log has the end of the one before", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.command(prompt(11, "turn-2"));
  bench.ack(2, "turn-1");
  expect(bench.begun(10, 11)).toEqual([10]);
  bench.emit(turnEnded("turn-1"));
  expect(bench.link.types.slice(-2)).toEqual(["turn.ended", "command.begun"]);
  expect(bench.begun(10, 11)).toEqual([10, 11]);
});

test("a cancellation reaches the agent while the prompt runs", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.command({ kind: "cancel", command: 12, turn: "turn-1" });
  bench.ack(3, "turn-1");
  expect(bench.agent.told).toEqual(["prompt turn-1", "cancel turn-1"]);
});

test("a command that comes before the agent is ready waits for runner.started", async () => {
  const bench = new Bench();
  bench.connect();
  bench.welcome(0);
  bench.command(prompt(10, "turn-1"));
  expect(bench.spool.next).toBe(1);
  await bench.agentIsReady();
  expect(bench.link.types).toEqual(["runner.started", "command.begun"]);
});

test("T24 a runner that comes back to a turn which is over stops its agent, once", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.connect();
  bench.welcome(2);
  bench.ack(2);
  expect(bench.agent.told).toEqual([
    "prompt turn-1",
    "cancel turn-1: It was cancelled while its runner was not connected.",
  ]);
});

test("T24 a turn that has ended here is not stopped by what the session said before it knew", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.emit(turnEnded("turn-1"));
  bench.ack(3);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});

test("T24 an acknowledgement that was overtaken by the one of the beginning stops nothing", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.ack(1);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});
