/** How long a session goes on by itself. */

import type { JsonObject } from "../protocol/index.ts";
import { isObject, PerdureError } from "../protocol/index.ts";

/**
 * How long a session goes on by itself; what is missing never happens. The class says it for all its sessions
 * (`lifetime`), and whoever creates one may say it otherwise. All times are milliseconds, from 1,000.
 */
export interface Lifetime {
  /** A session without an open turn in which nothing has happened for so long is paused. The next prompt resumes it. */
  readonly pauseAfterIdleMs?: number | undefined;
  /** So long after its creation a session is terminated, whatever it is doing. */
  readonly terminateAfterMs?: number | undefined;
  /** So long after it was terminated a session is erased. */
  readonly eraseAfterTerminatedMs?: number | undefined;
}

/** Shorter times would have the timers run all the time. */
const SHORTEST_MS = 1_000;

const FIELDS = ["pauseAfterIdleMs", "terminateAfterMs", "eraseAfterTerminatedMs"] as const;

/** A lifetime as a request holds it. Throws `bad_request` for what makes no sense. */
export function parseLifetime(value: unknown): Lifetime {
  if (!isObject(value)) throw refused("`lifetime` is an object");
  const unknown = Object.keys(value).find((key) => !FIELDS.some((field) => field === key));
  if (unknown !== undefined) throw refused(`\`lifetime\` has ${FIELDS.join(", ")}`);
  return Object.fromEntries(
    FIELDS.flatMap((field) => (field in value ? [[field, milliseconds(value, field)]] : [])),
  );
}

function milliseconds(lifetime: JsonObject, field: string): number {
  const value = lifetime[field];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= SHORTEST_MS)
    return value;
  throw refused(`\`${field}\` is a whole number of milliseconds from ${SHORTEST_MS}`);
}

const refused = (why: string) =>
  new PerdureError("bad_request", `The request was not understood: ${why}.`);
