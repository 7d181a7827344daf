/** Calls to an object from outside, which fail now and then: a deploy, a move, a crash. */

import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";

/** How often to try. */
export interface CallOptions {
  /** Attempts in all, from 1; default 3. */
  readonly attempts?: number | undefined;
  /** Longest wait before the second attempt, in milliseconds; each later one may be twice as long. Default 100. */
  readonly backoffMs?: number | undefined;
  /** Default: the machine's time. */
  readonly clock?: Clock | undefined;
  /** From 0 to 1: how much of each wait is waited. Default: at random, so that callers do not come back all at once. */
  readonly random?: (() => number) | undefined;
}

/**
 * Calls an object by its name, and once more where the platform says that it may pass (`retryable`, or the object was reset): with a new stub, because a
 * stub that has failed may be of no more use. What is `overloaded` is never repeated at once, and what the object itself throws is
 * not either. A failed call may have had its effect: pass only what may be repeated, as reads and commands with an id may.
 *
 * @param namespace The binding: a `DurableObjectNamespace`.
 * @param name The object.
 * @param call What to ask of it; called once for each attempt.
 * @throws What the last attempt threw.
 */
export async function callObject<Stub, T>(
  namespace: { getByName(name: string): Stub },
  name: string,
  call: (stub: Stub) => Promise<T>,
  options: CallOptions = {},
): Promise<T> {
  const { attempts = 3, backoffMs = 100, clock = systemClock, random = Math.random } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(namespace.getByName(name));
    } catch (error) {
      if (attempt >= attempts || !isRetryable(error)) throw error;
      const wait = backoffMs * 2 ** (attempt - 1) * random();
      await new Promise<void>((resolve) => clock.after(wait, resolve));
    }
  }
}

/** Whether the platform says of its error that the same call may succeed at once: it passes, or the object was reset. */
export function isRetryable(error: unknown): boolean {
  const isReset = says(error, "retryable") || says(error, "durableObjectReset");
  return isReset && !says(error, "overloaded");
}

/** Whether an error of the platform passes: at once, or when there is less to do. */
export function isPassing(error: unknown): boolean {
  return isRetryable(error) || says(error, "overloaded");
}

function says(
  error: unknown,
  property: "retryable" | "durableObjectReset" | "overloaded",
): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    (error as Readonly<Record<string, unknown>>)[property] === true
  );
}
