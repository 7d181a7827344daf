import { expect, test } from "vitest";
import { FRAME_BYTES, RESEND_AFTER_MS } from "../../src/runner/upstream.ts";
import { Bench, delta, MemorySpool } from "./relay-fakes.ts";

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

test("N7 an expect that crossed with an acknowledgement asks for nothing, and ends nothing", async () => {
  const bench = new Bench();
  await bench.start();
  bench.emit(delta("a"), delta("b"));
  bench.ack(3);
  bench.link.frames.length = 0;
  bench.receive({ t: "expect", i: "object-1", r: 1 });
  bench.emit(delta("c"));
  expect(bench.link.numbers).toEqual([4]);
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
