import { FINAL_CLOSE_CODES } from "perdure/protocol";
import { expect, test } from "vitest";
import { RESEND_AFTER_MS } from "../../src/runner/upstream.ts";
import { Bench, delta, MemorySpool, prompt, turnEnded } from "./relay-fakes.ts";

test("another runner's claim is final, and nothing is done afterwards", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  expect(bench.relay.closed(4409, "fenced")).toBe(false);
  expect(bench.ends).toEqual([{ kind: "closed", code: 4409, reason: "fenced" }]);
  bench.connect();
  bench.welcome(2, { turn: "turn-1" });
  expect(bench.link.frames).toEqual([]);
  expect(bench.agent.told).toEqual([]);
});

test("N26 a runner that lost its claim drops what it holds, and what its agent says from then on", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.emit(delta("nobody has this"));
  bench.relay.closed(4409, "fenced");
  bench.emit(delta("too late"), turnEnded("turn-1"));
  expect([bench.spool.id, bench.spool.first, bench.spool.next]).toEqual(["spool-2", 1, 1]);
  expect(bench.spool.hasBegun(10)).toBe(true);
});

test("N26 a command of which only the begin was dropped is begun by the next process", async () => {
  const bench = new Bench();
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.relay.closed(4409, "fenced");
  expect(bench.agent.told).toEqual([]);

  const next = new Bench(bench.spool);
  await next.start();
  next.command(prompt(10, "turn-1"));
  next.ack(2, "turn-1");
  expect(next.agent.told).toEqual(["prompt turn-1"]);
});

test("another final code keeps what is held: the session may be run again", async () => {
  const bench = new Bench();
  await bench.start();
  bench.relay.closed(4401, "expired");
  bench.emit(delta("kept"));
  expect([bench.spool.id, bench.spool.first, bench.spool.next]).toEqual(["spool-1", 1, 3]);
});

test("a relay that is stopped sends nothing any more, and keeps what it is given", async () => {
  const bench = new Bench();
  await bench.start();
  bench.relay.stop();
  bench.link.frames.length = 0;
  bench.emit(delta("kept"));
  bench.clock.advance(100 * RESEND_AFTER_MS);
  expect(bench.link.frames).toEqual([]);
  expect(bench.spool.next).toBe(3);
});

test.each(FINAL_CLOSE_CODES)("close code %i is final", (code) => {
  const bench = new Bench();
  bench.connect();
  expect(bench.relay.closed(code, "")).toBe(false);
  expect(bench.ends).toHaveLength(1);
});

test.each([1001, 1006, 4000, 4429, 4500, 4503])("close code %i is dialled again", (code) => {
  const bench = new Bench();
  bench.connect();
  expect(bench.relay.closed(code, "")).toBe(true);
  expect(bench.ends).toEqual([]);
});

test("a session that has more than the spool gets the events under a new id", () => {
  const bench = new Bench();
  bench.connect();
  bench.welcome(5);
  expect(bench.link.redialled).toBeDefined();
  bench.connect();
  expect(bench.link.frames[0]).toMatchObject({ t: "hello", spool: "spool-2", first: 1 });
  bench.welcome(0);
  expect(bench.ends).toEqual([]);
  expect(bench.agent.starts).toHaveLength(1);
});

test("a session that lacks what it had reported durable ends the relay", () => {
  const spool = new MemorySpool();
  spool.append(delta("a"));
  spool.acknowledge(1);
  const bench = new Bench(spool);
  bench.connect();
  bench.welcome(0);
  expect(bench.ends).toMatchObject([{ kind: "failed" }]);
});

test("N21 a spool at its limit ends the turn with a reason, and begins no prompt until it is taken", async () => {
  const bench = new Bench(new MemorySpool(), { spoolLimit: 1_000 });
  bench.agent.onAbandon = (turn, reason) =>
    bench.relay.emit({ type: "turn.ended", turn, outcome: "failed", reason, at: 1 });
  await bench.start();
  bench.command(prompt(10, "turn-1"));
  bench.ack(2, "turn-1");
  bench.command(prompt(11, "turn-2"));
  bench.emit(delta("x".repeat(1_000)));
  expect(bench.agent.told).toEqual(["prompt turn-1", "abandon turn-1"]);
  expect(bench.link.events.at(-1)?.event).toMatchObject({
    type: "turn.ended",
    outcome: "failed",
  });
  expect(bench.begun(10, 11)).toEqual([10]);
  bench.ack(4);
  expect(bench.begun(10, 11)).toEqual([10, 11]);
});

test("an event that cannot be kept is not sent, and ends the relay", async () => {
  const bench = new Bench();
  await bench.start();
  bench.spool.append = () => {
    throw new Error("disk full");
  };
  bench.link.frames.length = 0;
  bench.emit(delta("a"));
  expect(bench.link.frames).toEqual([]);
  expect(bench.ends).toMatchObject([{ kind: "failed", error: { message: "disk full" } }]);
});
