import type { ErrorCode } from "../../protocol/index.ts";
import { PerdureError } from "../../protocol/index.ts";

/**
 * A value of the state could not be kept. `code` says why: `too_large`, `bad_request` (it cannot be cloned, or not without loss),
 * or `unavailable` (storage failed). Memory is then what it was before the assignment, or, where storage failed, what storage holds.
 */
export class PersistError extends PerdureError {
  override readonly name = "PersistError";
  /** The key of the state. Where a whole transaction failed it is the first of the keys that changed. */
  readonly key: string;
  /** What the platform threw; undefined where the value was refused before it came there. */
  override readonly cause: unknown;

  /**
   * @param key The key of the state.
   * @param code Why: `too_large`, `bad_request` or `unavailable`.
   * @param detail One sentence: what happened, and what to do.
   * @param cause What the platform threw.
   */
  constructor(key: string, code: ErrorCode, detail: string, cause?: unknown) {
    super(code, detail, { key });
    this.key = key;
    this.cause = cause;
  }
}

/** The error of a key, saying why. */
export const notKept = (key: string, code: ErrorCode, why: string, cause?: unknown): PersistError =>
  new PersistError(key, code, `"${key}" is not kept: ${why}`, cause);

/** The error of a key for whatever refused its value. */
export function persistErrorOf(
  key: string,
  cause: unknown,
  code: "bad_request" | "unavailable",
): PersistError {
  if (cause instanceof PersistError) return cause;
  return cause instanceof PerdureError
    ? notKept(key, cause.code, cause.message, cause)
    : notKept(key, code, String(cause), cause);
}

/** The error of a key that was to be stored together with the one that failed. */
export function siblingOf(error: PersistError, key: string): PersistError {
  return key === error.key
    ? error
    : notKept(key, error.code, `nor is what changed with it. ${error.message}`, error);
}
