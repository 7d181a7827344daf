/** A call that goes to several shards: what each of them answered. */

import { inParallel } from "../object/index.ts";
import type { Problem } from "../protocol/index.ts";
import { PerdureError, problemOf } from "../protocol/index.ts";
import type { ShardAnswer, ShardRequest } from "./requests.ts";

/** Calls under way at once: as many connections as a Worker may open. */
const MAX_CONCURRENT = 6;

/** Most UTF-16 units of all answers together: a Worker has 128 MB for all that it does. */
const MAX_GATHERED_UNITS = 8 * 1024 * 1024;

/** A call of one shard. */
export interface ShardCall {
  readonly shard: string;
  readonly request: ShardRequest;
}

/** What one shard answered, or why it did not. */
export type GatheredAnswer =
  | ({ readonly shard: string } & ShardAnswer)
  | { readonly shard: string; readonly error: Problem };

/** The answers of several shards, in the order of the calls. */
export interface Gathered {
  /** JSON of a list of `GatheredAnswer`. */
  readonly text: string;
  /** Whether each of them answered a value. */
  readonly isComplete: boolean;
}

/**
 * Calls shards, some of them at once. One that fails stands in the way of no other.
 *
 * @param ask Calls one shard; what it throws is that shard's problem.
 */
export async function gather(
  calls: readonly ShardCall[],
  ask: (call: ShardCall) => Promise<ShardAnswer>,
): Promise<Gathered> {
  let units = 0;
  let isComplete = true;
  const answerOf = async (call: ShardCall): Promise<GatheredAnswer> => {
    try {
      return { shard: call.shard, ...(await ask(call)) };
    } catch (error) {
      isComplete = false;
      return { shard: call.shard, error: problemOf(error) };
    }
  };
  const textOf = async (call: ShardCall) => {
    const text = JSON.stringify(await answerOf(call));
    if (units + text.length <= MAX_GATHERED_UNITS) {
      units += text.length;
      return text;
    }
    isComplete = false;
    return JSON.stringify({ shard: call.shard, error: tooLarge.toProblem() });
  };
  const texts = await inParallel(calls, MAX_CONCURRENT, textOf);
  return { text: `[${texts.join(",")}]`, isComplete };
}

const tooLarge = new PerdureError(
  "too_large",
  `Answers of several shards have at most ${MAX_GATHERED_UNITS} characters of JSON together; ask this shard alone. A mutation has had its effect.`,
);
