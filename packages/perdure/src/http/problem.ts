/** What becomes of an error that a request ran into. */

import { problemResponse } from "../object/index.ts";
import { ERROR_STATUS, PerdureError, problemOf } from "../protocol/index.ts";

/** Seconds after which a server that had no room may have some again. */
const RETRY_AFTER_SECONDS = 5;

/** Headers that belong to a status: how to authenticate, and when to come back. */
const HEADERS_OF_STATUS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": "Bearer" },
  426: { upgrade: "websocket" },
  429: { "retry-after": String(RETRY_AFTER_SECONDS) },
  503: { "retry-after": String(RETRY_AFTER_SECONDS) },
};

/** The answer to a request that failed: `application/problem+json`, with the headers of its status. */
export function errorResponse(
  error: PerdureError,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return problemResponse(error, {
    "x-content-type-options": "nosniff",
    ...HEADERS_OF_STATUS[ERROR_STATUS[error.code]],
    ...headers,
  });
}

/** The error behind anything thrown: an object that is overloaded or gone is `unavailable`, what else is not ours is `internal`. */
export function errorBehind(thrown: unknown): PerdureError {
  if (thrown instanceof PerdureError) return thrown;
  if (isPassing(thrown))
    return new PerdureError("unavailable", "The session is not available now: try again.");
  const { code, detail } = problemOf(thrown);
  return new PerdureError(code, detail);
}

/** Whether the platform says of its error that it passes. */
function isPassing(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return (
    ("retryable" in error && error.retryable === true) ||
    ("overloaded" in error && error.overloaded === true)
  );
}
