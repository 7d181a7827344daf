import type { Clock } from "./clock.ts";

/** How many frames one socket may send; more get `rate_limited`, and the socket is closed. */
export interface FrameLimits {
  /** At once. */
  readonly burst: number;
  /** Sustained: what the burst refills at. */
  readonly framesPerSecond: number;
}

/** A token bucket: `burst` at once, refilled at `perSecond`. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#at = clock.now();
  }

  /** Takes one; false where none is left. */
  take(): boolean {
    const now = this.#clock.now();
    // A clock that was set back takes nothing away.
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#left = Math.min(this.#burst, this.#left + seconds * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
