import { expect, test, vi } from "vitest";
import { RandomSockets } from "./random-sockets.ts";

test.each([
  { binding: "RANDOM_BOARD", mutations: 1_400, seed: 1 },
  { binding: "MEMORY_BOARD", mutations: 600, seed: 3 },
] as const)(
  "Z18 over sockets that come and go and an object that is evicted, every view is what a fresh run answers after $mutations mutations, each made once: $binding, seed $seed",
  { timeout: 120_000 },
  async ({ binding, mutations, seed }) => {
    // Some handlers fail, and the object's log says so.
    vi.spyOn(console, "error").mockReturnValue();
    const outcome = await new RandomSockets(seed, binding).run(mutations);
    const { differences, contradictions, fallen, counts, starts } = outcome;
    expect(differences).toEqual([]);
    expect(contradictions).toEqual([]);
    expect(fallen).toBe(0);
    // The run must have seen all of it.
    const { seed: seeded, missed, reset } = starts;
    expect(Math.min(...Object.values(counts), seeded, missed, reset)).toBeGreaterThan(0);
  },
);
