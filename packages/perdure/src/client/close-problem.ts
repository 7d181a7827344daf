/** What a close code that is final means to a person. */

import type { ErrorCode, Problem } from "../protocol/index.ts";
import { CLOSE } from "../protocol/index.ts";

const CODES: Readonly<Record<number, ErrorCode>> = {
  [CLOSE.badFrame]: "bad_frame",
  [CLOSE.unauthorized]: "unauthorized",
  [CLOSE.forbidden]: "forbidden",
  [CLOSE.notFound]: "session_not_found",
  [CLOSE.terminated]: "session_terminated",
  [CLOSE.tooLarge]: "too_large",
};

/** The problem of a final close, for which the server gives a reason, if any, in one sentence. */
export function closeProblem(closeCode: number, reason: string): Problem {
  const code = CODES[closeCode] ?? "unavailable";
  return { code, detail: reason || `Closed for good: ${code}.` };
}
