import type { Place } from "./place.ts";
import { Refusal } from "./refusal.ts";

/** A runner of a session, as a process. */
export interface PooledRunner {
  /** Whether the process is there. */
  isRunning(): boolean;
  /** Whether it takes no command any more and is about to be gone. */
  isLeaving(): boolean;
  /** For how long it has had nothing to do, in milliseconds; undefined where it works, or does not say. */
  idleFor(): Promise<number | undefined>;
  /** Asks it to leave if it has nothing to do; resolves when it is gone, or has not gone. */
  leave(): Promise<void>;
  /** Ends it in good order; resolves when it is gone. */
  stop(): Promise<void>;
}

/** What a pool needs of the machine. */
export interface RunnerPoolOptions {
  /** Most runners at once. */
  readonly max: number;
  /** Starts a runner. `onExit` is called once, when it is gone. */
  readonly start: (session: string, place: Place, onExit: () => void) => PooledRunner;
  /** A runner of this session that somebody else has started on this machine; undefined where there is none. */
  readonly find: (session: string) => PooledRunner | undefined;
  /** The sessions that have a runner here have changed. */
  readonly onChange: (sessions: readonly string[]) => void;
}

/** Seconds after which a session may ask again where all runners work. */
const FULL_RETRY_SECONDS = 15;

/** Seconds after which a session may ask again whose runner takes long to leave. */
const LEAVING_RETRY_SECONDS = 2;

/** At most one runner for each session, and so many in all. */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #runners = new Map<string, PooledRunner>();
  /** Calls are taken one after the other: two that found the last place free would both take it. */
  #queue: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
  }

  /** Counts a runner that an earlier gateway has started; answers whether it is there. */
  adopt(session: string): boolean {
    const found = this.#options.find(session);
    if (found === undefined) return false;
    this.#runners.set(session, found);
    this.#changed();
    return true;
  }

  /**
   * Has a session's runner running. Answers whether it had to be started.
   *
   * @throws Refusal 503 where there is no room, and where the pool is being stopped.
   */
  async ensure(session: string, place: Place): Promise<boolean> {
    const ensured = this.#queue.then(() => this.#ensure(session, place));
    this.#queue = ensured.catch(() => {});
    return ensured;
  }

  /** Does work while a session has no runner on this machine and gets none; nothing where it has one. */
  async whileAway(session: string, work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(() => this.#whileAway(session, work));
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Ends all runners, and starts no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#queue;
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
  }

  async #whileAway(session: string, work: () => Promise<void>): Promise<void> {
    this.#forgetGone();
    const isThere = this.#runners.has(session) || this.#options.find(session) !== undefined;
    if (!this.#isStopped && !isThere) await work();
  }

  async #ensure(session: string, place: Place): Promise<boolean> {
    if (this.#isStopped) throw new Refusal(503, "the gateway is being stopped", FULL_RETRY_SECONDS);
    const known = this.#runners.get(session);
    // It has closed its connection, which is why its session calls.
    if (known?.isLeaving() === true) {
      await known.leave();
      if (known.isRunning())
        throw new Refusal(503, `the runner of ${session} is still leaving`, LEAVING_RETRY_SECONDS);
    }
    this.#forgetGone();
    if (this.#runners.has(session)) return false;
    const found = this.#options.find(session);
    if (found !== undefined) {
      this.#runners.set(session, found);
      this.#changed();
      return false;
    }
    if (this.#runners.size >= this.#options.max) await this.#makeRoom();
    if (this.#runners.size >= this.#options.max)
      throw new Refusal(503, `all ${this.#options.max} runners work`, FULL_RETRY_SECONDS);
    const runner = this.#options.start(session, place, () => {
      if (this.#runners.get(session) === runner) this.#runners.delete(session);
      this.#changed();
    });
    this.#runners.set(session, runner);
    this.#changed();
    return true;
  }

  /** Has the runner leave that has had nothing to do for longest. */
  async #makeRoom(): Promise<void> {
    const candidates = await Promise.all(
      [...this.#runners.values()].map(async (runner) => ({ runner, idle: await runner.idleFor() })),
    );
    const [longest] = candidates
      .filter(({ idle }) => idle !== undefined)
      .toSorted((a, b) => Number(b.idle) - Number(a.idle));
    await longest?.runner.leave();
    this.#forgetGone();
  }

  /** Whoever was adopted tells nobody that it ends. */
  #forgetGone(): void {
    for (const [session, runner] of this.#runners)
      if (!runner.isRunning()) this.#runners.delete(session);
  }

  #changed(): void {
    this.#options.onChange([...this.#runners.keys()]);
  }
}
