/** Retention: forgets what a class of sessions does not keep, in small steps, from a timer. Never what is open. */

import type { Clock, CommitQueue, Timers } from "../object/index.ts";
import type { SessionLog } from "./session-log.ts";

/** Which of the newest are kept; one that either bound has passed is forgotten. What is missing bounds nothing. */
export interface Keep {
  /** How many. */
  readonly count?: number | undefined;
  /** How long, in milliseconds. */
  readonly ageMs?: number | undefined;
}

/** What sessions of a class keep. Default: everything, for ever. */
export interface Retention {
  /** Events of the log. A reader whose cursor is older gets a snapshot. */
  readonly events?: Keep | undefined;
  /** Finished messages, which outlive their events. */
  readonly messages?: Keep | undefined;
}

/** The timer of retention. */
const TIMER = "perdure:retention";

/** How often it is looked for what has passed: a session with retention pays about four rows for an hour in which it is used. */
const INTERVAL_MS = 60 * 60 * 1000;

/** Rows of each table that one step forgets at most. */
const STEP_ROWS = 200;

/** Rows of the log in which a step looks for the end of a turn: more than four hours of one that streams. */
const MOST_ROWS = 64 * STEP_ROWS;

/** What retention needs of its session. */
export interface RetentionHost {
  readonly log: SessionLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly queue: CommitQueue;
  readonly policy: () => Retention;
}

/** Runs the retention of one session. */
export class RetentionRunner {
  readonly #host: RetentionHost;
  /** The head for which the timer is known to be set, or not to be needed. */
  #head = 0;
  /** Whether the timer is known to be set. */
  #isScheduled = false;

  constructor(host: RetentionHost) {
    this.#host = host;
  }

  /** Something was stored: it will have to be looked at. Call it in the transaction. */
  schedule(): void {
    const { timers, clock, policy, log } = this.#host;
    const { head } = log.log;
    if (head === this.#head || !isBounded(policy())) return;
    this.#head = head;
    this.#isScheduled ||= timers.dueAt(TIMER) !== undefined;
    if (this.#isScheduled) return;
    const due = hasCount(policy()) ? clock.now() + INTERVAL_MS : this.#nextExpiry();
    if (due === undefined) return;
    timers.set(TIMER, due);
    this.#isScheduled = true;
  }

  /**
   * Memory is new. Whether something comes of age before the timer rings, if there is one: it was stored before there was this
   * policy. Then `resume` is due. Reads a few rows, and none where nothing has an age.
   */
  get isLate(): boolean {
    return (this.#nextExpiry() ?? Infinity) < (this.#host.timers.dueAt(TIMER) ?? Infinity);
  }

  /** Sets the timer for what comes of age first. Call it in a transaction. */
  resume(): void {
    const due = this.#nextExpiry();
    if (due === undefined) return;
    this.#host.timers.set(TIMER, due);
    this.#isScheduled = true;
  }

  /** A timer has rung. Answers whether it was this one: then a step was done, and the next is set where there will be one. */
  async timer(name: string): Promise<boolean> {
    if (name !== TIMER) return false;
    const { timers, clock, queue } = this.#host;
    await queue.submit(() => {
      const isMore = this.#step();
      const next = isMore ? clock.now() : this.#nextExpiry();
      if (next !== undefined) timers.set(TIMER, next);
      this.#isScheduled = next !== undefined;
      this.#head = this.#host.log.log.head;
    });
    return true;
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const [head, isScheduled] = [this.#head, this.#isScheduled];
    return () => {
      this.#head = head;
      this.#isScheduled = isScheduled;
    };
  }

  /** Forgets a bounded number of rows; answers whether there may be more to forget. */
  #step(): boolean {
    const { log, policy } = this.#host;
    const { events, messages } = policy();
    log.flush();
    const isMoreOfLog = this.#forgetEvents(events ?? {});
    return this.#forgetMessages(messages ?? {}) || isMoreOfLog;
  }

  /** Of the log only whole turns go: what is looked at grows until it has the end of one. */
  #forgetEvents({ count = Infinity, ageMs = Infinity }: Keep): boolean {
    const { log, clock } = this.#host;
    const { head, floor } = log.log;
    for (let limit = STEP_ROWS; limit <= MOST_ROWS; limit *= 2) {
      const passed = log.log
        .oldest(limit)
        .filter(({ position, at }) => position <= head - count || at < clock.now() - ageMs);
      const last = passed.at(-1);
      if (last !== undefined && log.trim(last.position) > floor) return passed.length === limit;
      if (passed.length < limit) break;
    }
    return false;
  }

  #forgetMessages({ count = Infinity, ageMs = Infinity }: Keep): boolean {
    const { log, clock } = this.#host;
    if (count === Infinity && ageMs === Infinity) return false;
    const oldestKept = count === Infinity ? 0 : log.projection.positionOfNewest(count);
    const rows = log.projection.oldest(STEP_ROWS);
    const passed = rows.filter(
      ({ position, at }) =>
        position <= log.closedUpTo && (position < oldestKept || at < clock.now() - ageMs),
    );
    const last = passed.at(-1);
    if (last !== undefined) log.projection.forget(last.position);
    return passed.length === STEP_ROWS;
  }

  /** When the oldest of what is left will have to go, where that is a matter of time alone; at most once an interval. */
  #nextExpiry(): number | undefined {
    const { log, clock, policy } = this.#host;
    const { events, messages } = policy();
    const expiries = [Infinity];
    if (events?.ageMs !== undefined && log.isTrimmable)
      for (const { at } of log.log.oldest(1)) expiries.push(at + events.ageMs);
    if (messages?.ageMs !== undefined)
      for (const { at } of log.projection.oldest(1)) expiries.push(at + messages.ageMs);
    const next = Math.min(...expiries);
    return next === Infinity ? undefined : Math.max(next + 1, clock.now() + INTERVAL_MS);
  }
}

function hasCount({ events, messages }: Retention): boolean {
  return events?.count !== undefined || messages?.count !== undefined;
}

function isBounded({ events, messages }: Retention): boolean {
  return [events, messages].some((keep) => keep?.count !== undefined || keep?.ageMs !== undefined);
}
