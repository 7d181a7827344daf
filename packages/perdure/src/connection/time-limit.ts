import type { Clock } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** Something that is waited for. */
interface Wait {
  readonly until: number;
  readonly giveUp: () => void;
}

/**
 * Waits for many things at once, for each as long. One timer serves all, because a timer for each of thousands of calls costs more
 * than the calls' own work; none is left behind when all have settled, because one would keep an object awake.
 */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  /** In the order of their ends. */
  readonly #waits = new Set<Wait>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** What a promise settles with. Rejects with `unavailable` where that takes longer. */
  within<T>(promise: Promise<T>): Promise<T> {
    const { promise: outcome, resolve, reject } = Promise.withResolvers<T>();
    const wait: Wait = {
      until: this.#clock.now() + this.#milliseconds,
      giveUp: () =>
        reject(
          new PerdureError("unavailable", `There was no answer within ${this.#milliseconds} ms.`),
        ),
    };
    this.#waits.add(wait);
    this.#cancel ??= this.#clock.after(this.#milliseconds, () => this.#look());
    promise.then(resolve, reject).finally(() => this.#end(wait));
    return outcome;
  }

  /** The time of the first is over. */
  #look(): void {
    this.#cancel = undefined;
    const now = this.#clock.now();
    for (const wait of this.#waits) {
      if (wait.until > now) {
        this.#cancel = this.#clock.after(wait.until - now, () => this.#look());
        return;
      }
      this.#waits.delete(wait);
      wait.giveUp();
    }
  }

  #end(wait: Wait): void {
    this.#waits.delete(wait);
    if (this.#waits.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
