/** What an object's method answered. */

import { errorOf } from "../protocol/index.ts";
import type { Result } from "../session/index.ts";

/** The value of a result. Throws the problem that stood in its way. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw errorOf(result.error);
  return result.value;
}
