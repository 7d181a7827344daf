import type { Problem } from "../protocol/index.ts";
import { PerdureError, problemOf } from "../protocol/index.ts";

/** The problem of anything that a function threw. What is not the library's is told to the log alone. */
export function toldProblem(error: unknown): Problem {
  if (!(error instanceof PerdureError))
    console.error("perdure: a function of a shard failed", error);
  return problemOf(error);
}
