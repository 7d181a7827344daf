import { errorOf } from "../protocol/index.ts";
import type { Result } from "./rpc.ts";

/** The value of what an object's method answered. Throws the problem that stood in its way. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw errorOf(result.error);
  return result.value;
}
