import { expect, test } from "vitest";
import { loseMemory } from "../test-system/support/memory-loss-scenario.ts";
import { seeded } from "../test-system/support/seeded.ts";

test("R12, R22, N6, N18: a session that loses its memory at 100 random points of a 1,000-token turn, most with its sockets, tells both readers the whole text once", () =>
  seeded(20_261_124, async (random) => {
    expect(await loseMemory(random, { tokens: 1_000, losses: 100, rate: 20 })).toBe(100);
  }));
