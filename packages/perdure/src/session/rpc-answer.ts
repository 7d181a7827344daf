/** What the methods for a Worker have in common: who asks is authorized first, and an answer is a value or the problem. */

import { serialized } from "../object/index.ts";
import type { Identity, Serialized } from "../object/index.ts";
import type { Action } from "../protocol/index.ts";
import { PerdureError, permits, problemOf } from "../protocol/index.ts";
import type { Result } from "./rpc.ts";

/** Throws `forbidden` where the role does not permit the action. */
export function authorize(identity: Identity, action: Action): void {
  if (!permits(identity.role, action))
    throw new PerdureError(
      "forbidden",
      `The role ${identity.role} may not ${action}; ask for another token.`,
    );
}

/** The value of some work, or the problem that it threw. */
export async function attempt<T>(work: () => T | Promise<T>): Promise<Serialized<Result<T>>> {
  try {
    return serialized<Result<T>>({ ok: true, value: await work() });
  } catch (error) {
    return serialized<Result<T>>({ ok: false, error: problemOf(error) });
  }
}
