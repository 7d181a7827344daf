import { isObject, WEBHOOK_TOLERANCE_MS } from "perdure/protocol";
import { readList, writeList } from "./kept-list.ts";

/** How long a call is remembered: it may be five minutes ahead of this clock, and is good until five minutes behind it. */
const REMEMBERED_MS = 2 * WEBHOOK_TOLERANCE_MS;

interface TakenCall {
  readonly status: number;
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * Calls that were taken, by `webhook-id` and attempt, with what they were answered. A copy of a call is refused for its time once
 * it is forgotten here. With a file, what was taken is remembered by the next gateway too.
 */
export class TakenCalls {
  readonly #now: () => number;
  readonly #path: string | undefined;
  readonly #answers: Map<string, TakenCall>;

  /**
   * @param now Milliseconds since 1970.
   * @param path A file of its own. One that is missing or makes no sense is as good as empty.
   */
  constructor(now: () => number, path?: string) {
    this.#now = now;
    this.#path = path;
    this.#answers = new Map(path === undefined ? [] : readList(path, "calls", isCall));
  }

  /** What this call was answered; undefined for one that is new. */
  answerTo(id: string, attempt: number): number | undefined {
    return this.#answers.get(keyOf(id, attempt))?.status;
  }

  /** Remembers what a call was answered. @throws Error where the file cannot be written; this process remembers it all the same. */
  remember(id: string, attempt: number, status: number): void {
    const now = this.#now();
    for (const [key, { at }] of this.#answers)
      if (now - at > REMEMBERED_MS) this.#answers.delete(key);
    this.#answers.set(keyOf(id, attempt), { status, at: now });
    if (this.#path !== undefined) writeList(this.#path, "calls", [...this.#answers]);
  }
}

const keyOf = (id: string, attempt: number) => `${attempt} ${id}`;

function isCall(entry: unknown): entry is [string, TakenCall] {
  if (!Array.isArray(entry)) return false;
  const [key, call]: readonly unknown[] = entry;
  return (
    typeof key === "string" &&
    isObject(call) &&
    typeof call["status"] === "number" &&
    typeof call["at"] === "number"
  );
}
