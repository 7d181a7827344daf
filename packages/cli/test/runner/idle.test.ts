import { expect, test } from "vitest";
import { IdleWatch } from "../../src/runner/idle.ts";
import { Bench, delta, FakeClock, prompt, turnEnded } from "./relay-fakes.ts";

test("G17 a runner is idle from its start on, but for a turn, a command that waits, and what the session has not got", async () => {
  const bench = new Bench();
  bench.connect();
  bench.welcome(0);
  expect(bench.relay.isIdle).toBe(false);
  await bench.agentIsReady();
  expect(bench.relay.isIdle).toBe(false);
  bench.ack(1);
  expect(bench.relay.isIdle).toBe(true);
  bench.command(prompt(3, "p"));
  expect(bench.relay.isIdle).toBe(false);
  bench.ack(2, "p");
  expect(bench.relay.isIdle).toBe(false);
  bench.emit(delta("a"), turnEnded("p"));
  expect(bench.relay.isIdle).toBe(false);
  bench.ack(4);
  expect(bench.relay.isIdle).toBe(true);
});

test("G17 a runner leaves once it has been idle for as long as it was told, counted from what it did last", () => {
  const clock = new FakeClock();
  let isIdle = false;
  let left = 0;
  const watch = new IdleWatch(clock, () => isIdle);
  watch.after(10_000, () => (left += 1));
  clock.advance(60_000);
  expect(watch.idleFor).toBeUndefined();
  watch.active();
  isIdle = true;
  clock.advance(9_000);
  expect([watch.idleFor, left]).toEqual([9_000, 0]);
  watch.active();
  clock.advance(9_999);
  expect(left).toBe(0);
  clock.advance(10_000);
  expect(left).toBe(1);
  clock.advance(60_000);
  expect(left).toBe(1);
});

test("a watch that was stopped calls back no more", () => {
  const clock = new FakeClock();
  let left = 0;
  const watch = new IdleWatch(clock, () => true);
  watch.after(10_000, () => (left += 1));
  watch.stop();
  clock.advance(60_000);
  expect(left).toBe(0);
});
