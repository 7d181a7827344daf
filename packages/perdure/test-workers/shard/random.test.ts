import { expect, test, vi } from "vitest";
import { RandomSockets } from "./random-sockets.ts";

const MUTATIONS = 1_500;

test.each([1])(
  `Z18 over sockets that come and go and an object that is evicted, every view is what a fresh run answers after ${MUTATIONS} mutations, each made once: seed %i`,
  { timeout: 120_000 },
  async (seed) => {
    // Some handlers fail, and the object's log says so.
    vi.spyOn(console, "error").mockReturnValue();
    const outcome = await new RandomSockets(seed).run(MUTATIONS);
    const { differences, contradictions, fallen, counts, starts } = outcome;
    expect(differences).toEqual([]);
    expect(contradictions).toEqual([]);
    expect(fallen).toBe(0);
    // The run must have seen all of it.
    const { seed: seeded, missed, reset } = starts;
    expect(Math.min(...Object.values(counts), seeded, missed, reset)).toBeGreaterThan(1);
  },
);
