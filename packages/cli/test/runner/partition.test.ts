import { expect, test } from "vitest";
import type { PartitionPolicy } from "../../src/runner/partition.ts";
import { Bench, delta, MemorySpool, prompt, turnEnded } from "./relay-fakes.ts";

const CANCEL: PartitionPolicy = { turn: "cancel", afterMs: 60_000 };
const CANCELLED = "cancel turn-1: Partition: the runner could not reach the session for 60 s.";

/** A runner whose agent works on turn-1, and a session that has everything up to event 2. */
async function working(onPartition?: PartitionPolicy): Promise<Bench> {
  const bench = new Bench(new MemorySpool(), onPartition === undefined ? {} : { onPartition });
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  return bench;
}

test("N28 with cancel, a turn is cancelled when its link has been gone for the grace, and says why", async () => {
  const bench = await working(CANCEL);
  bench.relay.closed(1006, "");
  bench.clock.advance(59_999);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
  bench.clock.advance(1);
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED]);
});

test("N28 by default the agent works on, however long the session is away", async () => {
  const continues: PartitionPolicy = { turn: "continue" };
  for (const bench of [await working(), await working(continues)]) {
    bench.relay.closed(1006, "");
    bench.emit(delta("unseen"));
    bench.clock.advance(24 * 3_600_000);
    expect(bench.agent.told).toEqual(["prompt turn-1"]);
    bench.connect();
    bench.welcome(2, { turn: "turn-1" });
    expect(bench.link.numbers).toEqual([3]);
  }
});

test("N28 an open link on which nothing is heard is as good as none, from the first event that waits", async () => {
  const bench = await working(CANCEL);
  bench.clock.advance(600_000);
  bench.emit(delta("a"));
  bench.clock.advance(30_000);
  bench.emit(delta("b"));
  bench.clock.advance(29_999);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
  bench.clock.advance(1);
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED]);
});

test("N28 a silent link is no partition while the session has all it was sent", async () => {
  const bench = await working(CANCEL);
  bench.emit(delta("a"));
  bench.ack(3, "turn-1");
  bench.clock.advance(600_000);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});

test("N28 a session that is heard is there, also where it acknowledges nothing yet", async () => {
  const bench = await working(CANCEL);
  bench.emit(delta("a"));
  for (let minute = 0; minute < 5; minute += 1) {
    bench.clock.advance(59_000);
    bench.ack(2, "turn-1");
  }
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
  bench.clock.advance(60_000);
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED]);
});

test("N28 a welcome begins the grace anew, a connection without one does not", async () => {
  const bench = await working(CANCEL);
  bench.relay.closed(1006, "");
  bench.clock.advance(50_000);
  bench.connect();
  bench.welcome(2, { turn: "turn-1" });
  bench.relay.closed(1006, "");
  bench.clock.advance(59_999);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);

  const unwelcome = await working(CANCEL);
  unwelcome.relay.closed(1006, "");
  unwelcome.clock.advance(55_000);
  unwelcome.connect();
  unwelcome.receive({
    t: "error",
    i: "object-1",
    error: { code: "unavailable", detail: "Not yet." },
  });
  unwelcome.clock.advance(5_000);
  expect(unwelcome.agent.told).toEqual(["prompt turn-1", CANCELLED]);
});

test("N28 a turn is cancelled once, however often the session goes away", async () => {
  const bench = await working(CANCEL);
  for (let time = 0; time < 3; time += 1) {
    bench.relay.closed(1006, "");
    bench.clock.advance(3_600_000);
    bench.connect();
    bench.welcome(2, { turn: "turn-1" });
  }
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED]);
});

test("N28 a turn that the agent was not told to run is left alone, and runs when the session is back", async () => {
  const bench = new Bench(new MemorySpool(), { onPartition: CANCEL });
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.relay.closed(1006, "");
  bench.clock.advance(3_600_000);
  expect(bench.agent.told).toEqual([]);
  bench.connect();
  bench.welcome(2, { turn: "turn-1" });
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
  bench.relay.closed(1006, "");
  bench.clock.advance(60_000);
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED]);
});

test("N28 the agent is told of no prompt while the session is away", async () => {
  const bench = await working(CANCEL);
  bench.command(prompt(11, "turn-2"));
  bench.relay.closed(1006, "");
  bench.clock.advance(60_000);
  bench.emit(turnEnded("turn-1"));
  bench.clock.advance(3_600_000);
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED]);
  bench.connect();
  bench.welcome(4, { turn: "turn-2" });
  expect(bench.agent.told).toEqual(["prompt turn-1", CANCELLED, "prompt turn-2"]);
});

test("N28 a runner that has ended cancels nothing", async () => {
  const bench = await working(CANCEL);
  bench.relay.closed(1006, "");
  bench.relay.stop();
  bench.clock.advance(3_600_000);
  expect(bench.agent.told).toEqual(["prompt turn-1"]);
});
