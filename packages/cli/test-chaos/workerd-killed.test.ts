import { expect, test } from "vitest";
import { seeded } from "../test-system/support/seeded.ts";
import { killWorkerd } from "../test-system/support/workerd-killed-scenario.ts";

test("L1, R22, N18: workerd killed at 20 random points of a 1,000-token turn leaves no gap and no repeat, and every acknowledged prompt runs", () =>
  seeded(20_261_121, async (random) => {
    expect(await killWorkerd(random, { tokens: 1_000, kills: 20 })).toBe(20);
  }));
