/** What is told of an error that came out of a call. */

import { isErrorCode, PerdureError, problemOf } from "../protocol/index.ts";
import { isPassing } from "./call-object.ts";
import { saysMissingSqlite } from "./missing-sqlite.ts";

/** The error behind anything thrown: an object that is overloaded or gone is `unavailable`, what else is not ours is `internal`. */
export function errorBehind(thrown: unknown): PerdureError {
  if (thrown instanceof PerdureError) return thrown;
  const known = fromObject(thrown);
  if (known !== undefined) return known;
  if (isPassing(thrown))
    return new PerdureError("unavailable", "The session is not available now: try again.");
  const { code, detail } = problemOf(thrown);
  return new PerdureError(code, detail);
}

/** An error of an object's method has lost its class on the way, but not its code, where the compatibility date is not an old one. */
function fromObject(error: unknown): PerdureError | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && isErrorCode(error.code))
    return new PerdureError(error.code, error.message);
  return saysMissingSqlite(error.message) ? new PerdureError("broken", error.message) : undefined;
}
