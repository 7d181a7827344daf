/** One handler at a time. */

import { MAX_WAITING_EVENTS } from "../protocol/index.ts";

/** Runs what it is given one after another, in order. */
export class HandlerQueue {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Whether no event more should be added. */
  get isFull(): boolean {
    return this.#waiting >= MAX_WAITING_EVENTS;
  }

  /** Runs `work` after all that was added before it. Rejects with what it throws, and goes on with the next. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    this.#waiting += 1;
    const done = this.#last.then(() => {
      this.#waiting -= 1;
      return work();
    });
    this.#last = done.then(nothing, nothing);
    return done;
  }
}

const nothing = (): void => {};
