import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const SEEDS = 2_000;

test(`${SEEDS} seeds of faults break no rule`, async () => {
  const { isGood, output } = await simulate("--seeds", `${SEEDS}`);
  expect(output).toContain(`${SEEDS} seeds, 0 violations`);
  expect(isGood).toBe(true);
  // Each fault has struck, and what it is about has happened.
  const faults = [...output.matchAll(/^ +(\d+) \S/gm)].map(([, count]) => Number(count));
  expect(faults.length).toBeGreaterThanOrEqual(16);
  expect(Math.min(...faults)).toBeGreaterThan(SEEDS / 10);
  const [, prompts, answers] = /(\d+) prompts ran, (\d+) answers/.exec(output) ?? [];
  expect(Number(prompts)).toBeGreaterThan(SEEDS);
  expect(Number(answers)).toBeGreaterThan(SEEDS / 2);
});

test("a seed is the same every time, to the last word of its trace", async () => {
  const [first, second] = [
    await simulate("--seed", "7", "--trace"),
    await simulate("--seed", "7", "--trace"),
  ];
  expect(withoutTime(first.output).length).toBeGreaterThan(10_000);
  expect(withoutTime(second.output)).toBe(withoutTime(first.output));
});

test("a seed that breaks a rule breaks it again, in the same place", async () => {
  const { output } = await simulate("--seeds", "300", "--mutate", "N6");
  const seed = /^seed (\d+): (.*)$/m.exec(output);
  const again = await simulate("--seed", seed?.[1] ?? "", "--mutate", "N6");
  expect(again.output).toContain(`seed ${seed?.[1]}: ${seed?.[2]}`);
});

/** The trace without how long it took. */
const withoutTime = (output: string) => output.replace(/, [\d.]+ s$/m, "");
