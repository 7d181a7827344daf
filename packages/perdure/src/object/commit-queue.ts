/**
 * Adaptive group commit. A lone job is committed at once. A job that is dispatched before the storage has confirmed the
 * one before it proves load: its sender did not wait for a reply. Then the queue gathers what arrives until
 * `QUIET_TURNS` turns of the event loop bring nothing, and commits all of it together: in one transaction, in which each
 * job has a savepoint of its own, in order of arrival. So it goes on until it has gathered one job alone: whoever was
 * answered together sends the next together, and the first of them should not be committed by itself.
 */

/** Two: with one, a single socket's frames, which arrive one a turn, fill batches of 14; with two, of 37. */
const QUIET_TURNS = 2;

/** Gathering stops here, so that the first in a batch does not wait for ever. */
const LARGEST_BATCH = 256;

/** What a job may do besides writing. */
export interface Commit {
  /** Runs `effect` after the whole batch is written, if this job succeeded: the place for sends. */
  after(effect: () => void): void;
}

/** What the queue needs of the platform and its owner. */
export interface CommitHost {
  /** Runs writes: all or none. Nests. Also rolls memory back where it throws. */
  transaction<T>(work: () => T): T;
  /** Ends a batch, in its transaction: the place for what is written once for all its jobs. What it throws undoes them all. */
  seal?(): void;
  /** Resolves when earlier writes are confirmed, or after one turn of the event loop: `storage.sync()`. */
  sync(): Promise<void>;
  /** Called once after each batch, before the jobs' own effects. Sends what all readers get. */
  publish(): void;
  /**
   * Called with what `publish` or an effect threw. What was written stands and is answered so, but somebody may not have
   * been told. Default: an error on the console.
   */
  onFault?(error: unknown): void;
}

interface Job {
  /** Writes, and seals where it is alone; answers the function to call after the batch. Never throws. */
  readonly run: (isAlone: boolean) => () => void;
  /** Answers for a job that cannot be run any more. */
  readonly refuse: (error: unknown) => void;
}

/** Commits jobs in order. */
export class CommitQueue {
  readonly #host: CommitHost;
  #waiting: Job[] = [];
  #busy = false;
  /** Whether the last batch had several jobs. */
  #isCrowded = false;
  #end: Error | undefined;

  constructor(host: CommitHost) {
    this.#host = host;
  }

  /**
   * Runs `work` in a transaction, at once when there is no load. `work` is synchronous, changes memory only in
   * ways that the host can roll back, and sends nothing itself. What it throws undoes its writes; then `recover` may
   * answer instead, in a transaction of its own. Rejects with what that throws, by default the same again.
   */
  submit<T>(
    work: (commit: Commit) => T,
    recover: (error: unknown, commit: Commit) => T = rethrow,
  ): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise<T>((resolve, reject) => {
      const run = (isAlone: boolean) => {
        try {
          return this.#run(work, resolve, isAlone);
        } catch (error) {
          return this.#run((commit) => recover(error, commit), resolve, isAlone);
        }
      };
      this.#waiting.push({
        run: (isAlone) => {
          try {
            return run(isAlone);
          } catch (error) {
            return () => reject(error);
          }
        },
        refuse: reject,
      });
      if (!this.#busy) void this.#drain();
    });
  }

  /** Takes no job any more, and runs none that waits: all are refused with this error. */
  close(error: Error): void {
    this.#end = error;
    for (const job of this.#waiting.splice(0)) job.refuse(error);
  }

  #run<T>(work: (commit: Commit) => T, resolve: (value: T) => void, isAlone: boolean): () => void {
    const effects: (() => void)[] = [];
    const value = this.#host.transaction(() => {
      const result = work({ after: (effect) => effects.push(effect) });
      if (isAlone) this.#host.seal?.();
      return result;
    });
    return () => {
      for (const effect of effects) this.#guard(effect);
      resolve(value);
    };
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      if (!this.#isCrowded) {
        this.#commitWaiting();
        await this.#host.sync();
      }
      while (this.#waiting.length > 0) {
        await this.#gather();
        this.#isCrowded = this.#commitWaiting() > 1;
      }
    } catch (error) {
      // Storage cannot confirm what was written: the platform ends the object. Nothing waits for an answer in vain.
      for (const job of this.#waiting.splice(0)) job.refuse(error);
    } finally {
      this.#busy = false;
    }
  }

  async #gather(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS && this.#waiting.length < LARGEST_BATCH;) {
      const before = this.#waiting.length;
      await this.#host.sync();
      quiet = this.#waiting.length === before ? quiet + 1 : 0;
    }
  }

  #commitWaiting(): number {
    const jobs = this.#waiting;
    if (jobs.length === 0) return 0;
    this.#waiting = [];
    const answers = this.#runAll(jobs);
    this.#guard(() => this.#host.publish());
    for (const answer of answers) answer();
    return jobs.length;
  }

  #runAll(jobs: readonly Job[]): readonly (() => void)[] {
    if (jobs.length === 1) return jobs.map((job) => job.run(true));
    try {
      return this.#host.transaction(() => {
        const answers = jobs.map((job) => job.run(false));
        this.#host.seal?.();
        return answers;
      });
    } catch (error) {
      return jobs.map((job) => () => job.refuse(error));
    }
  }

  /** What is told after the writes cannot undo them, nor keep others from being told. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (this.#host.onFault !== undefined) this.#host.onFault(error);
      else console.error("perdure: what was written could not be told to everybody", error);
    }
  }
}

function rethrow(error: unknown): never {
  throw error;
}
