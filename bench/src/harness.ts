/** How everything is measured: contenders take turns, so that whatever else the machine does meets all of them. */

import type { Contender, ContenderName } from "./contender.ts";

/** One value a round for each contender that has the feature. */
export type Values = Partial<Record<ContenderName, readonly number[]>>;

/** Whether a promise of DESIGN §9 was kept. */
export interface Budget {
  /** Such as "≥ 0.9 × bare". */
  readonly text: string;
  /** What was measured against it. */
  readonly measured: string;
  readonly isMet: boolean;
}

/** One line of the table. */
export interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly values: Values;
  readonly budgets?: readonly Budget[];
}

/** What a measurement has to work with. */
export interface Bench {
  /** Those of these names, running. */
  contenders(...names: readonly ContenderName[]): readonly Contender[];
  /** Where servers may keep their storage; it is removed at the end. */
  readonly folder: string;
  /** Rounds that count. */
  readonly rounds: number;
  /** A short run takes fewer and smaller samples. */
  readonly isQuick: boolean;
}

/** One file of `measurements/`. */
export interface Measurement {
  /** For `--only`. */
  readonly name: string;
  /** What was done, in a sentence or two: for the report. */
  readonly method: string;
  /** What peers lack or do differently. */
  readonly remarks?: Partial<Record<ContenderName, string>>;
  run(bench: Bench): Promise<readonly Figure[]>;
}

/**
 * Runs `measure` for each contender in turn, round after round, first in this order and then in the other. A first round
 * warms up and does not count.
 */
export async function rounds<Key extends string, Named extends { readonly name: ContenderName }>(
  contenders: readonly Named[],
  count: number,
  measure: (contender: Named) => Promise<Readonly<Record<Key, number>>>,
): Promise<Record<Key, Values>> {
  const results = {} as Record<Key, Partial<Record<ContenderName, number[]>>>;
  for (let round = 0; round <= count; round += 1) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) {
      const measured = await measure(contender);
      if (round === 0) continue;
      for (const [key, value] of Object.entries(measured) as [Key, number][]) {
        results[key] ??= {};
        (results[key][contender.name] ??= []).push(value);
      }
    }
  }
  return results;
}

/** Milliseconds that something took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The value that a share of all is below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** One contender's value over another's, round by round. */
export function ratios(values: Values, of: ContenderName, to: ContenderName): readonly number[] {
  const others = values[to] ?? [];
  return (values[of] ?? []).map((value, round) => value / (others[round] ?? Number.NaN));
}

/** `1.02 × (0.97–1.10)`: the median, and the smallest and largest. */
export function spread(values: readonly number[], unit = "×", digits = 2): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} ${unit} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/** The budget that Perdure does at least a share of what another contender does. */
export function atLeast(share: number, to: ContenderName, values: Values): Budget {
  const measured = ratios(values, "perdure", to);
  return {
    text: `≥ ${share} × ${to}`,
    measured: spread(measured),
    isMet: median(measured) >= share,
  };
}
