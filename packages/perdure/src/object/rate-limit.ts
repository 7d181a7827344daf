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

  /** Takes one, or so many at once; false, and nothing is taken, where they are not left. */
  take(count = 1): boolean {
    this.#refill();
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  /** After how many seconds so many are left, if none is taken; 0 for now. */
  secondsUntil(count: number): number {
    this.#refill();
    return Math.max(0, count - this.#left) / this.#perSecond;
  }

  #refill(): void {
    const now = this.#clock.now();
    // A clock that was set back takes nothing away.
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#left = Math.min(this.#burst, this.#left + seconds * this.#perSecond);
    this.#at = now;
  }
}
