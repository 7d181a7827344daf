import { setImmediate, setTimeout } from "node:timers/promises";

/** Spaces out chunks at a steady rate; a late one does not delay those after it. */
export class Pace {
  readonly #millisecondsPerChunk: number;
  readonly #start = performance.now();
  #chunks = 0;

  /** @param rate Chunks each second; 0 for as fast as possible. */
  constructor(rate: number) {
    this.#millisecondsPerChunk = rate === 0 ? 0 : 1000 / rate;
  }

  /**
   * Resolves when the next chunk is due.
   *
   * Always gives way to input and output once, so that a cancellation is read between any two chunks.
   *
   * @throws the signal's reason, or an `AbortError`, once the signal aborts.
   */
  async next(signal: AbortSignal): Promise<void> {
    this.#chunks += 1;
    const due = this.#start + this.#chunks * this.#millisecondsPerChunk;
    const wait = due - performance.now();
    if (wait > 0) await setTimeout(wait, undefined, { signal });
    else await setImmediate(undefined, { signal });
  }
}
