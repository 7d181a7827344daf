import { expect, test } from "vitest";
import { loseMemory } from "../support/memory-loss-scenario.ts";
import { seeded } from "../support/seeded.ts";

test("R12, R22, N6, N18: a session that loses its memory at 20 random points of a turn, most with its sockets, tells both readers the whole text once", () =>
  seeded(20_261_123, async (random) => {
    expect(await loseMemory(random, { tokens: 240, losses: 20, rate: 25 })).toBe(20);
  }));
