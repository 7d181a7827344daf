/** What the object says of itself at any moment is what follows from the durable log: only content waits to be stored. */

import { canonicalJson } from "../../packages/perdure/src/object/index.ts";
import type { SessionState } from "../../packages/perdure/src/protocol/index.ts";
import { Violation } from "../runtime/runtime.ts";
import type { SimulatedSession } from "./simulated-session.ts";
import type { Witness } from "./witness.ts";

/** Holds a session in memory against its log; the witness has read all that is durable. */
export function checkMemory(object: SimulatedSession, { state, head }: Witness): void {
  if (!object.isCreated) return;
  const info = object.info;
  const [said, follows] = [
    { ...factsOf(object.state), head: info.head },
    { ...factsOf(state), head },
  ];
  for (const key of Object.keys(said) as (keyof typeof said)[])
    if (text(said[key]) !== text(follows[key]))
      throw new Violation(
        `L5 in memory \`${key}\` is ${text(said[key])}; by the durable log it is ${text(follows[key])}.`,
      );
  if (info.status !== statusBy(state))
    throw new Violation(
      `T12 the session says it is ${info.status}; by the log it is ${statusBy(state)}.`,
    );
}

/** What control events alone change; tasks may wait to be stored. */
function factsOf({
  lifecycle,
  meta,
  turns,
  approvals,
  cancels,
  runner,
  lastOutcome,
}: SessionState) {
  return { lifecycle, meta, turns, approvals, cancels, runner, lastOutcome };
}

function statusBy({ turns, approvals }: SessionState): string {
  if (turns.every(({ state }) => state === "queued")) return turns.length === 0 ? "idle" : "queued";
  return approvals.some(({ command }) => command === undefined) ? "waiting" : "running";
}

const text = (value: unknown) => canonicalJson(value ?? null);
