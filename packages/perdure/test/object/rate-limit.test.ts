import { expect, test } from "vitest";
import { RateLimit } from "../../src/object/rate-limit.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** How many may be taken now. */
function available(limit: RateLimit): number {
  let count = 0;
  while (limit.take()) count += 1;
  return count;
}

test("S3 a burst may be taken at once, and refills at its rate, never past the burst", () => {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, 20, 5);
  expect(available(limit)).toBe(20);
  clock.advance(2_000);
  expect(available(limit)).toBe(10);
  clock.advance(60 * 60 * 1000);
  expect(available(limit)).toBe(20);
});

test("S3 a clock that is set back takes nothing away", () => {
  let now = 10_000;
  const limit = new RateLimit({ now: () => now, after: () => () => {} }, 20, 5);
  now = 0;
  expect(available(limit)).toBe(20);
  now = 1_000;
  expect(available(limit)).toBe(5);
});

test("S3 several are taken together or not at all, and it is known when they are left", () => {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, 20, 5);
  expect(limit.take(15)).toBe(true);
  expect(limit.take(6)).toBe(false);
  expect([limit.secondsUntil(5), limit.secondsUntil(20)]).toEqual([0, 3]);
  clock.advance(3_000);
  expect(limit.take(20)).toBe(true);
});
