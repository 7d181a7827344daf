/** One handler at a time. */

import { Gathering } from "../object/index.ts";
import { MAX_WAITING_EVENTS } from "../protocol/index.ts";

/** Handlers are short: every one would notice that nothing came meanwhile. */
const LONE_HANDLERS_PER_PROBE = 8;

interface Job {
  readonly run: () => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/**
 * Runs what it is given one after another, in order. Under load what arrives is gathered, and runs in one turn of the event loop
 * where nothing in it waits: then the platform writes all of it together.
 */
export class HandlerQueue {
  readonly #gathering: Gathering<Job>;
  #waiting = 0;

  /** @param sync Resolves when earlier writes are confirmed, or after one turn of the event loop: `storage.sync()`. */
  constructor(sync: () => Promise<void>) {
    this.#gathering = new Gathering(
      {
        sync,
        async run(jobs) {
          // Whoever adds the first is not run into.
          await Promise.resolve();
          for (const job of jobs) await job.run();
        },
        refuse: (job, error) => job.refuse(error),
      },
      LONE_HANDLERS_PER_PROBE,
    );
  }

  /** Whether no event more should be added. */
  get isFull(): boolean {
    return this.#waiting >= MAX_WAITING_EVENTS;
  }

  /** Runs `work` after all that was added before it. Rejects with what it throws, and goes on with the next. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      const run = async () => {
        this.#waiting -= 1;
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        }
      };
      const refuse = (error: unknown) => {
        this.#waiting -= 1;
        reject(error);
      };
      this.#gathering.add({ run, refuse });
    });
  }
}
