/**
 * Adaptive gathering, for jobs that storage writes together when they run together. A lone job runs at once. A job that
 * is added before the storage has confirmed the one before it proves load: its sender did not wait for a reply. Then what
 * arrives is gathered until `QUIET_TURNS` turns of the event loop bring nothing, and all of it runs together, in order of
 * arrival. So it goes on until one job alone was gathered: whoever was answered together sends the next together, and the
 * first of them should not run by itself.
 */

/** Two: with one, a single socket's frames, which arrive one a turn, fill batches of 14; with two, of 37. */
const QUIET_TURNS = 2;

/** Gathering stops here, so that the first in a batch does not wait for ever. */
const LARGEST_BATCH = 256;

/** What gathering needs of its owner. */
export interface GatheringHost<Job> {
  /** Runs jobs in order, and is done when all are. What it throws ends the gathering; a job's own failure is the job's. */
  run(jobs: readonly Job[]): void | Promise<void>;
  /** Resolves when earlier writes are confirmed, or after one turn of the event loop: `storage.sync()`. */
  sync(): Promise<void>;
  /** Storage cannot confirm what was written, and the platform ends the object: answers for a job that will not be run. */
  refuse(job: Job, error: unknown): void;
}

/** Runs jobs in order, together where there is load. */
export class Gathering<Job> {
  readonly #host: GatheringHost<Job>;
  #waiting: Job[] = [];
  #isBusy = false;
  /** Whether the last batch had several jobs. */
  #isCrowded = false;
  /** Jobs since the last that was not alone. */
  #alone = 0;
  readonly #probeEvery: number;

  /**
   * @param probeEvery One of so many lone jobs waits for its confirmation to see whether another comes before; 1 by default: all. To
   *   wait costs a turn of the event loop; of a burst so many may run one by one before it is noticed.
   */
  constructor(host: GatheringHost<Job>, probeEvery = 1) {
    this.#host = host;
    this.#probeEvery = probeEvery;
  }

  /** Adds a job; runs it at once where there is no load. */
  add(job: Job): void {
    this.#waiting.push(job);
    if (!this.#isBusy) void this.#drain();
  }

  /** Takes all that wait out. */
  take(): readonly Job[] {
    const jobs = this.#waiting;
    this.#waiting = [];
    return jobs;
  }

  async #drain(): Promise<void> {
    this.#isBusy = true;
    try {
      if (!this.#isCrowded) {
        const running = this.#runWaiting();
        // Jobs that are over at once have written: storage is asked in the same turn.
        if (running !== undefined) await running;
        const isProbe = this.#alone % this.#probeEvery === 0;
        this.#alone += 1;
        if (isProbe) await this.#host.sync();
      }
      while (this.#waiting.length > 0) {
        await this.#gather();
        const batch = this.#waiting.length;
        await this.#runWaiting();
        this.#isCrowded = batch > 1;
        this.#alone = 0;
      }
    } catch (error) {
      // Nothing waits for an answer in vain.
      for (const job of this.take()) this.#host.refuse(job, error);
    } finally {
      this.#isBusy = false;
    }
  }

  #runWaiting(): void | Promise<void> {
    if (this.#waiting.length > 0) return this.#host.run(this.take());
  }

  async #gather(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS && this.#waiting.length < LARGEST_BATCH;) {
      const before = this.#waiting.length;
      await this.#host.sync();
      quiet = this.#waiting.length === before ? quiet + 1 : 0;
    }
  }
}
