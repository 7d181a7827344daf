import type { Clock, FrameLimits } from "../object/index.ts";
import { RateLimit } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** Senders that are remembered; one that is not may send a burst. */
const MAX_SENDERS = 1_000;

/** How often each sender may call, in memory: after an eviction everybody may send a burst. */
export class CallLimits {
  readonly #clock: Clock;
  readonly #limits: FrameLimits;
  /** By sender; who called last is last. */
  readonly #bySender = new Map<string, RateLimit>();

  constructor(clock: Clock, limits: FrameLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Counts calls of a sender. Throws `rate_limited` where they are too many, with `retryAfterSeconds` (whole seconds from 1). */
  admit(sender: string, calls: number): void {
    const { burst, framesPerSecond } = this.#limits;
    const limit = this.#bySender.get(sender) ?? new RateLimit(this.#clock, burst, framesPerSecond);
    this.#bySender.delete(sender);
    this.#bySender.set(sender, limit);
    const [oldest = ""] = this.#bySender.keys();
    if (this.#bySender.size > MAX_SENDERS) this.#bySender.delete(oldest);
    // More than a burst counts as one: else they could never be made.
    const count = Math.min(calls, burst);
    if (limit.take(count)) return;
    const retryAfterSeconds = Math.max(1, Math.ceil(limit.secondsUntil(count)));
    throw new PerdureError("rate_limited", `Too many calls; try again in ${retryAfterSeconds} s.`, {
      retryAfterSeconds,
    });
  }
}
