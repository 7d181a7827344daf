import type { Clock } from "../object/index.ts";

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #now = 1_790_000_000_000;
  #tasks: { readonly at: number; readonly run: () => void }[] = [];

  /** Tasks that wait for their time: in the object, timers that keep it from hibernating. */
  get waiting(): number {
    return this.#tasks.length;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): () => void {
    const task = { at: this.#now + delay, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  /** Moves time, running what falls due in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#tasks
        .filter(({ at }) => at <= end)
        .toSorted((a, b) => a.at - b.at)
        .at(0);
      if (next === undefined) break;
      this.#tasks = this.#tasks.filter((task) => task !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
