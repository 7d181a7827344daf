import { WEBHOOK_TOLERANCE_MS } from "perdure/protocol";

/**
 * Calls that were taken, by `webhook-id` and attempt, with what they were answered. A copy of a call is refused for its time once
 * it is forgotten here: a call may be five minutes ahead of this clock, and is good until five minutes behind it.
 */
export class TakenCalls {
  readonly #now: () => number;
  readonly #answers = new Map<string, { readonly status: number; readonly at: number }>();

  /** @param now Milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What this call was answered; undefined for one that is new. */
  answerTo(id: string, attempt: number): number | undefined {
    return this.#answers.get(keyOf(id, attempt))?.status;
  }

  /** Remembers what a call was answered. */
  remember(id: string, attempt: number, status: number): void {
    const now = this.#now();
    // In the order in which they came, so the oldest are in front.
    for (const [key, { at }] of this.#answers) {
      if (now - at <= 2 * WEBHOOK_TOLERANCE_MS) break;
      this.#answers.delete(key);
    }
    this.#answers.set(keyOf(id, attempt), { status, at: now });
  }
}

const keyOf = (id: string, attempt: number) => `${attempt} ${id}`;
