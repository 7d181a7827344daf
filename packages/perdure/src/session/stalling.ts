/**
 * Turns that nobody works on. A turn runs until its runner ends it, and a runner may be gone for good: then the log says that
 * the turn has stalled, and a person decides. It is not ended, because the runner may come back with what it did meanwhile.
 */

import type { Clock, Timers } from "../object/index.ts";
import { runningTurn } from "../protocol/index.ts";
import type { SessionLog } from "./session-log.ts";

/** The timer that looks after a turn whose runner has left. */
const TIMER = "perdure:stalled";

/** A runner that was cut off dials again within seconds; one that has not for so long may be gone. */
export const STALLED_AFTER_MS = 60_000;

/** Notices turns that have stalled. Its methods run inside the commit queue. */
export class Stalling {
  readonly #log: SessionLog;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #isAttended: () => boolean;
  /** When the last runner left, as far as this memory knows. */
  #leftAt = 0;

  constructor(options: {
    readonly log: SessionLog;
    readonly timers: Timers;
    readonly clock: Clock;
    /** Whether somebody who could end the running turn is there. */
    readonly isAttended: () => boolean;
  }) {
    this.#log = options.log;
    this.#timers = options.timers;
    this.#clock = options.clock;
    this.#isAttended = options.isAttended;
  }

  /** Whether nobody has noticed that the runner is gone: it left while the object was not in memory. */
  get isUnnoticed(): boolean {
    return this.#isAbandoned() && this.#timers.dueAt(TIMER) === undefined;
  }

  /** A runner is gone, perhaps with others left. */
  left(): void {
    if (!this.#isAbandoned()) return;
    this.#leftAt = this.#clock.now();
    // One that is set looks back when it rings: a link that comes and goes costs nothing more.
    if (this.#timers.dueAt(TIMER) === undefined)
      this.#timers.set(TIMER, this.#leftAt + STALLED_AFTER_MS);
  }

  /** A runner is there. */
  came(): void {
    const turn = runningTurn(this.#log.state);
    if (turn?.isStalled === true && this.#isAttended())
      this.#log.append({ type: "turn.resumed", turn: turn.id, at: this.#clock.now() });
  }

  /** A timer is due. Answers whether it was the one of these turns. */
  ring(timer: string): boolean {
    if (timer !== TIMER) return false;
    const turn = runningTurn(this.#log.state);
    if (turn === undefined || !this.#isAbandoned()) return true;
    const at = this.#clock.now();
    const due = this.#leftAt + STALLED_AFTER_MS;
    if (at < due) this.#timers.set(TIMER, due);
    else this.#log.append({ type: "turn.stalled", turn: turn.id, at });
    return true;
  }

  #isAbandoned(): boolean {
    const turn = runningTurn(this.#log.state);
    return turn !== undefined && turn.isStalled !== true && !this.#isAttended();
  }
}
