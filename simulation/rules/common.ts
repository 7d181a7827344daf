/** What the checks share. */

import { canonicalJson } from "../../packages/perdure/src/object/index.ts";
import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import { Violation } from "../runtime/runtime.ts";

/** An event of one type, with its position. */
export type Placed<Type extends SessionEvent["type"]> = Extract<
  SessionEvent,
  { readonly type: Type }
> & { readonly position: number };

/** Events of a type, each with its position. */
export function of<Type extends SessionEvent["type"]>(
  log: readonly SessionEvent[],
  type: Type,
): Placed<Type>[] {
  return log.flatMap((event, index) =>
    event.type === type ? [{ ...event, position: index + 1 } as unknown as Placed<Type>] : [],
  );
}

/** Throws a `Violation` that names the rule. */
export function must(isTrue: boolean, rule: string): asserts isTrue {
  if (!isTrue) throw new Violation(rule);
}

/** The same to the byte. */
export const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** The same, whatever the order of keys. Canonical only where it must be: that takes ten times as long. */
export const alike = (a: unknown, b: unknown) =>
  a === b || same(a, b) || canonicalJson(a) === canonicalJson(b);
