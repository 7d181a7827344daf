/** Messages for every session of a registry, on their way. */

import type { Clock, Sql, Timers } from "../object/index.ts";
import { inParallel } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { ListedSession, Message, UntriedMessage } from "./broadcast-queue.ts";
import { BroadcastQueue, PAGE_SESSIONS } from "./broadcast-queue.ts";
import type { Registry } from "./registry.ts";

/** The timer that has deliveries tried again; it rings until none is left. */
export const BROADCAST_TIMER = "perdure:mcp-broadcast";

/** When deliveries that an eviction cut off are taken up, in milliseconds. */
const RETRY_MS = 2_000;

/** Sessions that are called at once: with more, the one thread of a registry is no faster. */
const AT_ONCE = 32;

/** How long a session may take for one message, in milliseconds: it has to append it to its log. */
const CALL_LIMIT_MS = 10_000;

/** Calls after which the registry calls itself: the platform allows 1,000 between objects for each event that an object gets. */
const CALLS_PER_EVENT = 250;

/** What became of a message at a session: it has it, now or from before, or there is no such session. */
export type Delivered = "taken" | "gone";

/** What broadcasts need of their object. */
export interface BroadcastHost {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Pick<Timers, "set" | "cancel" | "dueAt">;
  readonly registry: Pick<Registry, "forget">;
  /**
   * Hands a message to a session, which drops a number that it has had, or one below. Numbers rise; one comes again where it is not
   * known whether it has arrived. What it rejects with is tried again.
   */
  readonly deliver: (session: string, number: number, data: string) => Promise<Delivered>;
  /** Calls the object itself, to no effect. */
  readonly renew: () => Promise<void>;
}

/**
 * Broadcasts of one registry. Each goes to the sessions that were listed when it came, a page of them after the other, in the
 * order of the broadcasts. A session that cannot be reached holds up nobody: it is marked, and gets what it lacks later, in order,
 * for as long as that is kept.
 */
export class Broadcasts {
  readonly #host: BroadcastHost;
  readonly #queue: BroadcastQueue;
  #delivering: Promise<void> | undefined;
  #catchingUp: Promise<void> | undefined;
  /** The message that is being tried. */
  #trying: number | undefined;
  #calls = 0;

  constructor(host: BroadcastHost) {
    this.#host = host;
    this.#queue = new BroadcastQueue(host.sql);
  }

  /**
   * Stores a message for every session that is listed now. Throws `too_large` where it is larger than `MAX_MCP_BROADCAST_BYTES`, and
   * `rate_limited` where as many are on their way as may be.
   *
   * @returns Whether there is anything to deliver.
   */
  add(data: string): boolean {
    const { sql, clock, timers } = this.#host;
    return sql.transaction(() => {
      if (!this.#queue.add(data, clock.now())) return false;
      const retryAt = clock.now() + RETRY_MS;
      if ((timers.dueAt(BROADCAST_TIMER) ?? Infinity) > retryAt)
        timers.set(BROADCAST_TIMER, retryAt);
      return true;
    });
  }

  /** Tries what was not tried yet at every session. Runs once at a time: another call joins the one that runs. */
  deliver(): Promise<void> {
    this.#delivering ??= this.#tryEach();
    return this.#delivering;
  }

  /**
   * `BROADCAST_TIMER` rings: delivers what an eviction cut off, and gives sessions that could not be reached what they lack. Rejects with
   * `unavailable` where something is left, so that it rings again later.
   */
  async retry(): Promise<void> {
    this.#queue.dropOld(this.#host.clock.now());
    this.#catchingUp ??= this.#catchUp();
    await Promise.all([this.deliver(), this.#catchingUp]);
    this.#clean();
    if (!this.#isDone)
      throw new PerdureError(
        "unavailable",
        "Some sessions were not reached; they are tried again.",
      );
  }

  /** What all have goes, and the timer with the last. */
  #clean(): void {
    this.#host.sql.transaction(() => {
      this.#queue.dropDone();
      if (this.#isDone) this.#host.timers.cancel(BROADCAST_TIMER);
    });
  }

  get #isDone(): boolean {
    return this.#queue.firstBehind() === undefined && this.#queue.firstUntried() === undefined;
  }

  async #tryEach(): Promise<void> {
    // `finally` comes after its promise is kept, also where there is nothing to do.
    await Promise.resolve();
    try {
      for (;;) {
        const message = this.#queue.firstUntried();
        if (message === undefined) break;
        this.#trying = message.number;
        await this.#tryAll(message);
      }
      // No await since the last was looked for, so that none is left without a timer.
      this.#clean();
    } finally {
      this.#trying = undefined;
      this.#delivering = undefined;
    }
  }

  /** Tries a message at every session that was listed before it and has all that came before it. */
  async #tryAll({ number, data, cursor }: UntriedMessage): Promise<void> {
    let after: string | undefined = cursor;
    while (after !== undefined) {
      const page = this.#queue.readyFor(number, after);
      await inParallel(page, AT_ONCE, async ({ id }) => {
        if ((await this.#deliver(id, { number, data })) === "failed") this.#queue.mark(id, number);
      });
      after = endOf(page);
      this.#queue.move(number, after);
    }
  }

  /** Gives the sessions that are behind what they lack, each in order. */
  async #catchUp(): Promise<void> {
    await Promise.resolve();
    try {
      let after: string | undefined = "";
      while (after !== undefined) {
        const page = this.#queue.behindAfter(after);
        await inParallel(page, AT_ONCE, ({ id, behind }) => this.#catchUpWith(id, behind ?? 0));
        after = endOf(page);
      }
    } finally {
      this.#catchingUp = undefined;
    }
  }

  async #catchUpWith(session: string, behind: number): Promise<void> {
    for (let from = behind; ;) {
      const message = this.#queue.firstMissed(session, from, this.#trying);
      if (message === undefined) break;
      const outcome = await this.#deliver(session, message);
      if (outcome === "gone") return;
      if (outcome === "failed") return this.#queue.mark(session, message.number);
      from = message.number + 1;
    }
    // From here on it gets messages with all others. No await since the last one that it missed was looked for.
    this.#queue.mark(session, null);
  }

  async #deliver(session: string, { number, data }: Message): Promise<Delivered | "failed"> {
    try {
      await this.#renewInTime();
      const outcome = await this.#within(this.#host.deliver(session, number, data));
      if (outcome === "gone") this.#host.registry.forget(session);
      return outcome;
    } catch {
      return "failed";
    }
  }

  async #renewInTime(): Promise<void> {
    this.#calls += 1;
    if (this.#calls < CALLS_PER_EVENT) return;
    this.#calls = 0;
    await this.#host.renew();
  }

  /** A call that takes too long has failed; what comes of it later is of no matter. */
  async #within(call: Promise<Delivered>): Promise<Delivered> {
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = this.#host.clock.after(CALL_LIMIT_MS, () =>
      reject(new PerdureError("unavailable", "The session did not answer in time.")),
    );
    try {
      return await Promise.race([call, promise]);
    } finally {
      stop();
    }
  }
}

/** The last session of a page; undefined where no other page follows. */
function endOf(page: readonly ListedSession[]): string | undefined {
  return page.length < PAGE_SESSIONS ? undefined : page.at(-1)?.id;
}
