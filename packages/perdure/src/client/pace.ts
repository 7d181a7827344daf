/** How fast commands leave, so that a long outbox does not run into the server's limit on frames. */

import { CLIENT_FRAMES_PER_SECOND, CLIENT_FRAME_BURST } from "../protocol/index.ts";

/** A token bucket, full at first. Its rate is half of what the server allows: the rest is for other frames. */
export class Pace {
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /**
   * @param now Milliseconds, of any clock.
   * @param burst Frames at once. Default: half of what the server allows.
   */
  constructor(now: number, burst: number = CLIENT_FRAME_BURST / 2) {
    this.#burst = this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one frame's worth, if there is as much. */
  take(now: number): boolean {
    const refill = (Math.max(0, now - this.#at) / 1000) * (CLIENT_FRAMES_PER_SECOND / 2);
    this.#tokens = Math.min(this.#burst, this.#tokens + refill);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
