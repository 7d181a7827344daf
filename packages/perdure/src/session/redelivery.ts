import type { Clock } from "../object/index.ts";

/** A command that was sent and not begun for this long is sent again, in milliseconds; the wait doubles up to eight times this. */
export const REDELIVER_AFTER_MS = 5_000;

/**
 * Watches over commands that a runner was sent, until the log says that they were begun. A runner begins a command at once,
 * so one that stays silent has not heard: the frame was lost on a link that stayed open.
 */
export class Redelivery {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #waiting = "";
  #wait = REDELIVER_AFTER_MS;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** The numbers of the commands that are waited for now. */
  watch(commands: readonly number[]): void {
    const waiting = commands.join();
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#wait = REDELIVER_AFTER_MS;
    this.#stop?.();
    this.#stop = undefined;
    if (waiting !== "") this.#start();
  }

  #start(): void {
    this.#stop = this.#clock.after(this.#wait, () => {
      this.#wait = Math.min(this.#wait * 2, REDELIVER_AFTER_MS * 8);
      this.#start();
      this.#onDue();
    });
  }
}
