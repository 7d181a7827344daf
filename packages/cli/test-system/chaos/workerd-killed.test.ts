import { expect, test } from "vitest";
import { seeded } from "../support/seeded.ts";
import { killWorkerd } from "../support/workerd-killed-scenario.ts";

test("L1, R22, N18: workerd killed at 5 random points of a turn leaves no gap and no repeat, and every acknowledged prompt runs", () =>
  seeded(20_261_121, async (random) => {
    expect(await killWorkerd(random, { tokens: 350, kills: 5 })).toBe(5);
  }));
