/** Names that come from outside. */

import type { ErrorCode } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** Throws, with `bad_request` by default, where something is no text of 1 to so many UTF-16 units. */
export function checkName(
  what: string,
  name: unknown,
  most: number,
  code: ErrorCode = "bad_request",
): asserts name is string {
  if (typeof name !== "string" || name === "" || name.length > most)
    throw new PerdureError(code, `${what} is a text of 1 to ${most} characters.`);
}
