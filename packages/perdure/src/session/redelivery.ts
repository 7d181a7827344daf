import type { Clock } from "../object/index.ts";

/**
 * When a command that was sent and not begun is sent again, in milliseconds after the time before. A runner that has begun
 * nothing after the last is as good as gone.
 */
const WAITS_MS = [5_000, 10_000, 20_000, 40_000];

/**
 * Watches over commands that a runner was sent, until the log says that they were begun. A runner begins a command at once,
 * so one that stays silent has not heard: the frame was lost on a link that stayed open. A timer that waits keeps the
 * object from hibernating, so there is an end to it.
 */
export class Redelivery {
  readonly #clock: Clock;
  readonly #onDue: (isLast: boolean) => void;
  #waiting = "";
  #round = 0;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, onDue: (isLast: boolean) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** The numbers of the commands that are waited for now. */
  watch(commands: readonly number[]): void {
    const waiting = commands.join();
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#round = 0;
    this.#stop?.();
    this.#stop = undefined;
    if (waiting !== "") this.#start();
  }

  #start(): void {
    this.#stop = this.#clock.after(WAITS_MS[this.#round] ?? 0, () => {
      this.#round += 1;
      const isLast = this.#round === WAITS_MS.length;
      if (!isLast) this.#start();
      this.#onDue(isLast);
    });
  }
}
