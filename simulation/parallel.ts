import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { SeedResult } from "./run-seed.ts";

/** Seeds that one process runs before the next share is given out: short enough that none waits long for the last. */
const LARGEST_SHARE = 250;

/** Shares seeds out to processes, and gathers what they were. */
export async function runInParallel(options: {
  readonly first: number;
  readonly count: number;
  readonly jobs: number;
  readonly onResult: (result: SeedResult) => void;
}): Promise<void> {
  const { first, count, jobs, onResult } = options;
  const share = Math.max(1, Math.min(LARGEST_SHARE, Math.ceil(count / jobs)));
  let next = first;
  const work = async (): Promise<void> => {
    while (next < first + count) {
      const from = next;
      const seeds = Math.min(share, first + count - from);
      next += seeds;
      await runShare(from, seeds, onResult);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

async function runShare(
  from: number,
  seeds: number,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1] ?? "",
      "--json",
      "--seed",
      `${from}`,
      "--seeds",
      `${seeds}`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let results = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    onResult(JSON.parse(line) as SeedResult);
    results += 1;
  }
  if (results !== seeds)
    throw new Error(`A process ended after ${results} of ${seeds} seeds from ${from}.`);
}
