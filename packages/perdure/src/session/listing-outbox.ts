/**
 * What the owner's list has still to be told. The log itself is the outbox: each of its rows has the version of the session's
 * line. The list is told after the commit that changes the line; the alarm, set in that commit, has it told where the object
 * ends before, and costs the one row that it bills.
 */

import { listingOf } from "./listing.ts";
import type { SessionHost } from "./session-host.ts";
import type { SessionLog } from "./session-log.ts";

/** How long the list may be out of date after the object has ended, in milliseconds; also the first wait after a failure. */
export const TOLD_WITHIN_MS = 30_000;

/** Longest wait before a list that cannot be told is told again, in milliseconds. */
const MAX_WAIT_MS = 60 * 60 * 1000;

/** Tells the list of one session. */
export class ListingOutbox {
  readonly #host: SessionHost;
  readonly #log: SessionLog;
  /** The version that the list has confirmed to this memory. */
  #told = 0;
  #telling: Promise<void> | undefined;
  #failures = 0;

  constructor(host: SessionHost, log: SessionLog) {
    this.#host = host;
    this.#log = log;
  }

  /** Memory is new: whether the list has heard of the last change is not known, so it is told. */
  restore(): void {
    if (this.#log.lineVersion === 0) return;
    this.#host.timers.oweWake(this.#inTime());
    void this.tell();
  }

  /** The line is about to change. Call it in the transaction that does it. */
  changed(): void {
    this.#host.timers.wakeBy(this.#inTime());
  }

  /** Tells the list what it has not confirmed; resolves when it has, or when the alarm is set for another attempt. */
  async tell(): Promise<void> {
    if (this.#log.lineVersion === this.#told) return;
    this.#telling ??= this.#tellAll();
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    try {
      while (this.#log.lineVersion !== this.#told) {
        const version = this.#log.lineVersion;
        await this.#host.tellList(this.#log.state.createdBy, listingOf(this.#log), version);
        this.#told = version;
      }
      this.#failures = 0;
      this.#host.timers.settleWake();
    } catch {
      this.#retryLater();
    } finally {
      // Here, not after: who asks from now on is not to wait for an attempt that has failed.
      this.#telling = undefined;
    }
  }

  #retryLater(): void {
    const wait = Math.min(TOLD_WITHIN_MS * 2 ** this.#failures, MAX_WAIT_MS);
    this.#failures += 1;
    try {
      this.#host.timers.settleWake();
      this.#host.timers.wakeBy(this.#host.clock.now() + wait);
    } catch {
      // Storage takes nothing at the moment. The alarm that was set with the change rings, or the next memory tells.
    }
  }

  #inTime(): number {
    return this.#host.clock.now() + TOLD_WITHIN_MS;
  }
}
