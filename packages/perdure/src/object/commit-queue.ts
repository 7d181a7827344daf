import { Gathering } from "./gathering.ts";

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

/**
 * Adaptive group commit: what is gathered under load is committed in one transaction, in which each job has a savepoint of its own,
 * in order of arrival.
 */
export class CommitQueue {
  readonly #host: CommitHost;
  readonly #gathering: Gathering<Job>;
  #end: Error | undefined;

  constructor(host: CommitHost) {
    this.#host = host;
    this.#gathering = new Gathering({
      run: (jobs) => this.#commit(jobs),
      sync: () => host.sync(),
      refuse: (job, error) => job.refuse(error),
    });
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
      this.#gathering.add({
        run: (isAlone) => {
          try {
            return run(isAlone);
          } catch (error) {
            return () => reject(error);
          }
        },
        refuse: reject,
      });
    });
  }

  /** Takes no job any more, and runs none that waits: all are refused with this error. */
  close(error: Error): void {
    this.#end = error;
    for (const job of this.#gathering.take()) job.refuse(error);
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

  #commit(jobs: readonly Job[]): void {
    const answers = this.#runAll(jobs);
    this.#guard(() => this.#host.publish());
    for (const answer of answers) answer();
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
