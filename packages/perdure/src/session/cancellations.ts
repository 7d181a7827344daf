/**
 * Cancelling turns. The runner ends the running one, because only it can stop the agent; where no runner is connected, and
 * none comes back in time, the session ends the turn itself. A runner that comes back later finds its turn over (T18), and
 * stops its agent.
 */

import type { Clock, Timers } from "../object/index.ts";
import type { CommandResult, Turn } from "../protocol/index.ts";
import { PerdureError, runningTurn } from "../protocol/index.ts";
import type { Decisions } from "./decisions.ts";
import type { SessionLog } from "./session-log.ts";

/** The timer that looks after a cancellation. */
const TIMER = "perdure:cancel";

/** How long a runner has to end a turn before it is looked whether there still is one: an agent gets 30 s to stop. */
export const CANCEL_GRACE_MS = 60_000;

/** Cancels turns. Its methods run inside the commit queue. */
export class Cancellations {
  readonly #log: SessionLog;
  readonly #decisions: Decisions;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #isAttended: () => boolean;
  readonly #runsTurns: boolean;

  constructor(options: {
    readonly log: SessionLog;
    readonly decisions: Decisions;
    readonly timers: Timers;
    readonly clock: Clock;
    /** Whether somebody who could end the running turn is there. */
    readonly isAttended: () => boolean;
    /** Whether the object runs its turns itself: it ends a cancelled one in the same batch. */
    readonly runsTurns: boolean;
  }) {
    this.#log = options.log;
    this.#decisions = options.decisions;
    this.#timers = options.timers;
    this.#clock = options.clock;
    this.#isAttended = options.isAttended;
    this.#runsTurns = options.runsTurns;
  }

  /** Cancels an open turn; without an id, the oldest. Throws `turn_not_found`. */
  cancel(wanted: string | undefined, by: string): CommandResult {
    const { turns } = this.#log.state;
    const turn = turns.find(({ id }) => wanted === undefined || id === wanted);
    if (turn === undefined)
      throw new PerdureError("turn_not_found", "There is no such open turn; it may have ended.");
    return { turn: turn.id, position: this.#cancel(turn, by) };
  }

  /** A timer is due. Answers whether it was the one of cancellations. */
  ring(timer: string): boolean {
    if (timer !== TIMER) return false;
    const turn = runningTurn(this.#log.state);
    if (turn?.state !== "cancelling") return true;
    if (this.#isAttended()) this.#timers.set(TIMER, this.#clock.now() + CANCEL_GRACE_MS);
    else this.#end(turn);
    return true;
  }

  #cancel(turn: Turn, by: string): number {
    const at = this.#clock.now();
    if (turn.state === "queued")
      return this.#log.append({ type: "turn.ended", turn: turn.id, outcome: "cancelled", at });
    const position = this.#log.append({ type: "turn.cancelling", turn: turn.id, by, at });
    if (this.#runsTurns) return position;
    if (this.#isAttended()) this.#timers.set(TIMER, at + CANCEL_GRACE_MS);
    else this.#end(turn);
    return position;
  }

  #end({ id }: Turn): void {
    this.#decisions.withdraw(id);
    this.#log.append({
      type: "turn.ended",
      turn: id,
      outcome: "cancelled",
      reason: "Its runner was not connected.",
      at: this.#clock.now(),
    });
  }
}
