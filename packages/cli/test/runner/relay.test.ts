import { FINAL_CLOSE_CODES } from "perdure/protocol";
import { describe, expect, test } from "vitest";
import { FRAME_BYTES, RESEND_AFTER_MS } from "../../src/runner/upstream.ts";
import { Bench, delta, MemorySpool, prompt, turnEnded } from "./relay-fakes.ts";

const types = (bench: Bench) => bench.link.events.map(({ event }) => event.type);

describe("starting", () => {
  test("hello names the process, the spool and the first event that is still held", () => {
    const spool = new MemorySpool();
    spool.append(delta("a"));
    spool.append(delta("b"));
    spool.acknowledge(1);
    const bench = new Bench(spool);
    bench.connect();
    expect(bench.link.frames).toEqual([
      {
        t: "hello",
        v: 1,
        process: "process-1",
        spool: "spool-1",
        first: 2,
        agent: { name: "Fake agent" },
      },
    ]);
  });

  test("nothing but hello is sent before the welcome", () => {
    const spool = new MemorySpool();
    spool.append(delta("a"));
    const bench = new Bench(spool);
    bench.connect();
    bench.clock.advance(60_000);
    expect(bench.link.events).toEqual([]);
  });

  test("N27 a runner that gets no welcome within 10 s of opening a connection dials again", () => {
    const bench = new Bench();
    bench.connect();
    bench.clock.advance(9_999);
    expect(bench.link.redialled).toBeUndefined();
    bench.clock.advance(1);
    expect(bench.link.redialled).toBe("the session did not answer");
    bench.welcome(0);
    expect(bench.agent.starts).toEqual([]);
    bench.connect();
    bench.welcome(0);
    bench.clock.advance(60_000);
    expect(bench.link.redialled).toBeUndefined();
    expect(bench.agent.starts).toHaveLength(1);
  });

  test("N27 a connection that is lost before its welcome is not missed on the next one", () => {
    const bench = new Bench();
    bench.connect();
    bench.clock.advance(8_000);
    bench.relay.closed(1006, "");
    bench.connect();
    bench.clock.advance(8_000);
    expect(bench.link.redialled).toBeUndefined();
    bench.welcome(0);
    expect(bench.agent.starts).toHaveLength(1);
  });

  test("runner.started goes behind the backlog, and only once the agent is ready", async () => {
    const spool = new MemorySpool();
    spool.append(delta("old 1"));
    spool.append(delta("old 2"));
    const bench = new Bench(spool);
    bench.connect();
    bench.welcome(0, { agentSession: "from the log" });
    expect(types(bench)).toEqual(["text-delta", "text-delta"]);
    expect(bench.agent.starts).toEqual([{ epoch: 7, agentSession: "from the log" }]);

    await bench.agentIsReady();
    expect(bench.link.events.at(-1)).toEqual({
      r: 3,
      event: {
        type: "runner.started",
        epoch: 7,
        agent: { name: "Fake agent" },
        restored: "new",
        agentSession: "agent-1",
        at: 1_000,
      },
    });
  });

  test("a process starts its agent once, however often it connects", async () => {
    const bench = new Bench();
    await bench.start();
    bench.connect();
    bench.welcome(1);
    expect(bench.agent.starts).toHaveLength(1);
    expect(bench.link.frames[0]).toMatchObject({ t: "hello", epoch: 7 });
    expect(types(bench)).toEqual([]);
  });
});

describe("events to the session", () => {
  test("events of one tick travel in one frame, and those of the next in another", async () => {
    const bench = new Bench();
    await bench.start();
    bench.emit(delta("a"), delta("b"));
    bench.emit(delta("c"));
    expect(bench.link.frames.slice(-2)).toEqual([
      { t: "events", epoch: 7, r: 2, e: [delta("a"), delta("b")] },
      { t: "events", epoch: 7, r: 4, e: [delta("c")] },
    ]);
  });

  test("after a reconnect everything is sent again that is not durable, in order and without a gap", async () => {
    const bench = new Bench();
    await bench.start();
    bench.emit(delta("a"), delta("b"), delta("c"));
    bench.ack(2);
    bench.relay.closed(1006, "");
    bench.emit(delta("while away"));
    bench.connect();
    bench.welcome(2);
    expect(bench.link.numbers).toEqual([3, 4, 5]);
  });

  test("a welcome acknowledges: what the session has is not sent again", async () => {
    const bench = new Bench();
    await bench.start();
    bench.emit(delta("a"), delta("b"));
    bench.connect();
    bench.welcome(3);
    expect(bench.link.numbers).toEqual([]);
    expect(bench.spool.first).toBe(4);
  });

  test("an expect is followed from there, once however often it is repeated", async () => {
    const bench = new Bench();
    await bench.start();
    bench.emit(delta("a"));
    bench.emit(delta("b"));
    bench.link.frames.length = 0;
    bench.receive({ t: "expect", i: "object-1", r: 1 });
    bench.receive({ t: "expect", i: "object-1", r: 1 });
    expect(bench.link.numbers).toEqual([2, 3]);
  });

  test("a session whose memory is new gets everything again that was not durable", async () => {
    const bench = new Bench();
    await bench.start();
    bench.ack(1);
    bench.emit(delta("shown, and lost there"));
    bench.link.frames.length = 0;
    bench.ack(1, null, "object-2");
    expect(bench.link.numbers).toEqual([2]);
  });

  test("what stays unacknowledged is sent again after a while, and less and less often", async () => {
    const bench = new Bench();
    await bench.start();
    bench.link.frames.length = 0;
    bench.clock.advance(RESEND_AFTER_MS);
    expect(bench.link.numbers).toEqual([1]);
    bench.clock.advance(RESEND_AFTER_MS);
    expect(bench.link.numbers).toEqual([1]);
    bench.clock.advance(RESEND_AFTER_MS);
    expect(bench.link.numbers).toEqual([1, 1]);
    bench.ack(1);
    bench.clock.advance(100 * RESEND_AFTER_MS);
    expect(bench.link.numbers).toEqual([1, 1]);
  });

  test("a long backlog travels in frames of bounded size", () => {
    const spool = new MemorySpool();
    for (let index = 0; index < 300; index += 1) spool.append(delta("x".repeat(1_000)));
    const bench = new Bench(spool);
    bench.connect();
    bench.welcome(0);
    expect(bench.link.numbers).toHaveLength(300);
    expect(Math.max(...bench.link.sizes)).toBeLessThan(FRAME_BYTES + 2_000);
  });
});

describe("commands", () => {
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
    expect(types(bench)).toEqual([
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
    expect(types(bench).slice(-2)).toEqual(["turn.ended", "command.begun"]);
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
    expect(types(bench)).toEqual(["runner.started", "command.begun"]);
  });
});

describe("the end", () => {
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

  test("a spool at its limit ends the turn with a reason, and begins no prompt until it is taken", async () => {
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
});
