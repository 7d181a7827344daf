import type { SeedResult } from "./run-seed.ts";

/** Most violations that are printed. */
const MOST_PRINTED = 10;

/** What many seeds were. */
export class Summary {
  violations = 0;
  readonly #totals = { seeds: 0, events: 0, positions: 0, prompts: 0, answers: 0 };
  readonly #faults = new Map<string, number>();

  add({ seed, violation, events, positions, prompts, answers, faults }: SeedResult): void {
    const totals = this.#totals;
    totals.seeds += 1;
    totals.events += events;
    totals.positions += positions;
    totals.prompts += prompts;
    totals.answers += answers;
    for (const [name, count] of Object.entries(faults))
      this.#faults.set(name, (this.#faults.get(name) ?? 0) + count);
    if (violation === undefined) return;
    this.violations += 1;
    if (this.violations > MOST_PRINTED) return;
    console.log(`seed ${seed}: ${violation}`);
    console.log(`  shown again by: npm run simulate -- --seed ${seed} --trace`);
  }

  print(seconds: number): void {
    const { seeds, events, positions, prompts, answers } = this.#totals;
    const faults = [...this.#faults].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const total = faults.reduce((sum, [, count]) => sum + count, 0);
    console.log(
      `${events} things happened, ${total} of them faults; ${positions} events were logged, ${prompts} prompts ran, ${answers} answers reached an agent.`,
    );
    for (const [name, count] of faults) console.log(`  ${String(count).padStart(7)} ${name}`);
    console.log(`${seeds} seeds, ${this.violations} violations, ${seconds.toFixed(1)} s`);
  }
}
