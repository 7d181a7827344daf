import { expect, test } from "vitest";
import { PerdureError } from "../../src/protocol/index.ts";
import { CallLimits } from "../../src/shard/call-limits.ts";
import { FakeClock } from "../support/fake-clock.ts";

function limits() {
  const clock = new FakeClock();
  const made = new CallLimits(clock, { burst: 20, framesPerSecond: 5 });
  /** 0 where calls are let in, else the seconds to wait. */
  const admit = (sender: string, calls = 1): unknown => {
    try {
      made.admit(sender, calls);
      return 0;
    } catch (error) {
      if (!(error instanceof PerdureError) || error.code !== "rate_limited") throw error;
      return error.extra?.["retryAfterSeconds"];
    }
  };
  return { clock, admit };
}

test("Z156 calls of one sender are bounded, and those of another are not concerned", () => {
  const { clock, admit } = limits();
  expect([admit("ada", 20), admit("ada"), admit("bob", 20), admit("ada", 15)]).toEqual([
    0, 1, 0, 3,
  ]);
  clock.advance(2_900);
  expect(admit("ada", 15)).toBe(1);
  clock.advance(100);
  expect(admit("ada", 15)).toBe(0);
});

test("Z156 more calls at once than a burst has count as a burst", () => {
  const { clock, admit } = limits();
  expect([admit("ada", 100), admit("ada", 100)]).toEqual([0, 4]);
  clock.advance(4_000);
  expect(admit("ada", 100)).toBe(0);
});

test("Z156 a thousand senders are remembered: the one that called last longest ago is forgotten", () => {
  const { admit } = limits();
  for (let sender = 0; sender < 1_000; sender += 1) admit(`s${sender}`, 20);
  expect(admit("s0")).toBe(1);
  expect(admit("new")).toBe(0);
  expect([admit("s0"), admit("s2"), admit("s1")]).toEqual([1, 1, 0]);
});
