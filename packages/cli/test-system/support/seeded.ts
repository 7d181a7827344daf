import { randomFrom } from "../../../perdure/test/support/random.ts";

/** Runs a scenario with random numbers from `PERDURE_SEED`, or from a seed of its own; a failure names the seed. */
export async function seeded(
  ownSeed: number,
  scenario: (random: () => number) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env["PERDURE_SEED"] ?? ownSeed);
  try {
    await scenario(randomFrom(seed));
  } catch (error) {
    if (error instanceof Error) error.message += ` (PERDURE_SEED=${seed})`;
    throw error;
  }
}
