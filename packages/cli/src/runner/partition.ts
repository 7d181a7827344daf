import type { RelayClock } from "./relay-ports.ts";

/** What a runner does with its turn when it cannot reach the session. */
export type PartitionPolicy =
  /** The agent works on. What it says waits in the spool, and its questions wait for the session to be back. */
  | { readonly turn: "continue" }
  /** The agent is asked to stop when the session could not be reached for this long, in milliseconds. */
  | { readonly turn: "cancel"; readonly afterMs: number };

/**
 * Notices that a runner is cut off: something waits for the session, and for a while nothing has been heard of it. A link that
 * stays open says nothing, for it may be dead in one direction; a session that has all it was sent owes no word.
 */
export class PartitionWatch {
  readonly #clock: RelayClock;
  readonly #afterMs: number;
  readonly #onPartition: () => void;
  #isPartitioned = false;
  #stopTimer: (() => void) | undefined;

  /** @param onPartition Called once for each partition, when it has lasted for this long, in milliseconds. */
  constructor(clock: RelayClock, afterMs: number, onPartition: () => void) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#onPartition = onPartition;
  }

  /** A word of the session is due: the link is gone, or an event waits to be acknowledged. */
  waiting(): void {
    if (this.#isPartitioned) return;
    this.#stopTimer ??= this.#clock.after(this.#afterMs, () => {
      this.#isPartitioned = true;
      this.#onPartition();
    });
  }

  /** The session has been heard, or does not matter any more. */
  stop(): void {
    this.#isPartitioned = false;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
