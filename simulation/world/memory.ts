/** What the object says of itself at any moment is what follows from the durable log: only content waits to be stored. */

import { canonicalJson } from "../../packages/perdure/src/object/index.ts";
import type { SessionState } from "../../packages/perdure/src/protocol/index.ts";
import { alike } from "../rules/common.ts";
import { Violation } from "../runtime/runtime.ts";
import type { SimulatedSession } from "./simulated-session.ts";
import type { Witness } from "./witness.ts";

/** How long a tail may wait to be stored, and how long the disk may then take, in milliseconds. */
const LONGEST_TAIL_MS = 2_000;

/** What it needs of the world. */
export interface MemoryHost {
  /** Undefined while nothing can be stored. */
  now(): number | undefined;
  /** How often storage has refused a write. */
  refusals(): number;
}

/** Holds the session in memory against its log. */
export class Memory {
  readonly #host: MemoryHost;
  /** Since when a tail is known to have waited, in which life, after which head, and after how many refusals. */
  #tail:
    | {
        readonly object: SimulatedSession;
        readonly head: number;
        readonly since: number;
        readonly refusals: number;
      }
    | undefined;

  constructor(host: MemoryHost) {
    this.#host = host;
  }

  /** The witness has read all that is durable. */
  check(object: SimulatedSession, witness: Witness): void {
    if (!object.isCreated) return;
    checkFacts(object, witness);
    this.#checkTail(object, witness);
  }

  /** L6. */
  #checkTail(object: SimulatedSession, { head }: Witness): void {
    const now = this.#host.now();
    const refusals = this.#host.refusals();
    if (now === undefined || object.state.position === head) {
      this.#tail = undefined;
      return;
    }
    const isSame = this.#tail?.object === object && this.#tail.head === head;
    // A flush that was refused is tried again as long after it as the first came after the event.
    if (this.#tail === undefined || !isSame || this.#tail.refusals !== refusals)
      this.#tail = { object, head, since: now, refusals };
    if (now - this.#tail.since > LONGEST_TAIL_MS)
      throw new Violation(`L6 what comes after ${head} has waited since ${this.#tail.since}.`);
  }
}

function checkFacts(object: SimulatedSession, { state, head }: Witness): void {
  const info = object.info;
  const [said, follows] = [
    { ...factsOf(object.state), head: info.head },
    { ...factsOf(state), head },
  ];
  for (const key of Object.keys(said) as (keyof typeof said)[])
    if (!alike(said[key], follows[key]))
      throw new Violation(
        `L5 in memory \`${key}\` is ${canonicalJson(said[key])}; by the durable log it is ${canonicalJson(follows[key])}.`,
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
  if (approvals.some(({ command }) => command === undefined)) return "waiting";
  return turns.some(({ isStalled }) => isStalled) ? "stalled" : "running";
}
