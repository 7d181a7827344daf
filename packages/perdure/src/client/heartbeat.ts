/** Whether anyone is still there: a broken connection may stay open for many minutes without a word. */

import { DEAD_LINK_MS, PING_INTERVAL_MS } from "../protocol/index.ts";

/** How long an answer may take when the page has reason to doubt the link, or when its timers were held up. */
const URGENT_ANSWER_MS = 5_000;

interface HeartbeatOptions {
  readonly now: () => number;
  readonly ping: () => void;
  /** Nothing came in time. Called once; `start` begins anew. */
  readonly onDead: () => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #interval: ReturnType<typeof setInterval> | undefined;
  /** Runs from a ping to whatever comes next. */
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #deadlineAt = Number.POSITIVE_INFINITY;
  #heardAt = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** A connection was opened. */
  start(): void {
    this.stop();
    this.#heardAt = this.#options.now();
    this.#interval = setInterval(() => {
      // A throttled or sleeping page pings late: silence counts only when a ping had the time to be answered.
      const silence = this.#options.now() - this.#heardAt;
      this.#ping(Math.max(DEAD_LINK_MS - silence, URGENT_ANSWER_MS));
    }, PING_INTERVAL_MS);
  }

  /** Anything arrived. */
  heard(): void {
    this.#heardAt = this.#options.now();
    if (this.#deadline === undefined) return;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#deadlineAt = Number.POSITIVE_INFINITY;
  }

  /** Asks at once, and waits less long than usual. */
  probe(): void {
    if (this.#interval !== undefined) this.#ping(URGENT_ANSWER_MS);
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
    this.heard();
  }

  #ping(answerWithin: number): void {
    const deadlineAt = this.#options.now() + answerWithin;
    if (deadlineAt < this.#deadlineAt) {
      clearTimeout(this.#deadline);
      this.#deadlineAt = deadlineAt;
      this.#deadline = setTimeout(() => {
        this.stop();
        this.#options.onDead();
      }, answerWithin);
    }
    this.#options.ping();
  }
}
