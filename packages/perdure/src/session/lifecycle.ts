/**
 * The life of a session: initializing → active ⇄ paused → terminated. Commands of people move it, and timers where the
 * session has a lifetime. A timer is set once and looks back when it rings: what happens meanwhile costs no row.
 */

import type { Clock, Timers } from "../object/index.ts";
import type { ControlEvent } from "../protocol/index.ts";
import { runningTurn } from "../protocol/index.ts";
import type { Decisions } from "./decisions.ts";
import type { Lifetime } from "./lifetime.ts";
import type { SessionLog } from "./session-log.ts";

/** Who acts where a timer does. */
const TIMER = "perdure";

/** The timer that pauses a session in which nothing happens. */
export const IDLE_TIMER = "perdure:idle";

/** The timer that ends a session whose time is over. */
export const END_TIMER = "perdure:end";

/** The timer that erases a session; its handler is the object's. */
export const ERASE_TIMER = "perdure:erase";

type LifecycleEvent = Extract<ControlEvent, { type: "session.lifecycle" }>;

/** Moves a session through its life. Its methods run inside the commit queue. */
export class Lifecycle {
  readonly #log: SessionLog;
  readonly #decisions: Decisions;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #classLifetime: () => Lifetime;

  constructor(options: {
    readonly log: SessionLog;
    readonly decisions: Decisions;
    readonly timers: Timers;
    readonly clock: Clock;
    /** What the class says of all its sessions. */
    readonly lifetime: () => Lifetime;
  }) {
    this.#log = options.log;
    this.#decisions = options.decisions;
    this.#timers = options.timers;
    this.#clock = options.clock;
    this.#classLifetime = options.lifetime;
  }

  /** How long this session goes on by itself. */
  get lifetime(): Lifetime {
    return { ...this.#classLifetime(), ...this.#log.lifetime };
  }

  /** Sets the timers that are missing: of a new session, of one that goes on, and of one whose class got a lifetime later. */
  ensureTimers(): void {
    const { createdAt } = this.#log.state;
    const { pauseAfterIdleMs, terminateAfterMs } = this.lifetime;
    if (pauseAfterIdleMs !== undefined)
      this.#setMissing(IDLE_TIMER, this.#clock.now() + pauseAfterIdleMs);
    if (terminateAfterMs !== undefined) this.#setMissing(END_TIMER, createdAt + terminateAfterMs);
  }

  /** A prompt was queued: what the idle timer has paused goes on. What a person has paused does not. */
  prompted(): void {
    if (this.#log.state.paused?.why === "idle") this.#move("active", TIMER);
    this.ensureTimers();
  }

  /** Pauses; a session that a person has paused stays so. Answers the position as of which it is paused. */
  pause(by: string): number {
    const { lifecycle, paused } = this.#log.state;
    if (lifecycle === "paused" && paused?.why === undefined) return this.#log.log.last;
    return this.#move("paused", by);
  }

  /** Resumes; an active session stays so. Answers the position as of which it is active. */
  resume(by: string): number {
    if (this.#log.state.lifecycle === "active") return this.#log.log.last;
    const position = this.#move("active", by);
    this.ensureTimers();
    return position;
  }

  /** Ends the session and all that is open. Answers the position as of which it is terminated. */
  terminate(by: string, why?: LifecycleEvent["why"]): number {
    if (this.#log.isOver) return this.#log.log.last;
    this.#endTurns();
    for (const timer of [IDLE_TIMER, END_TIMER]) this.#timers.cancel(timer);
    const { eraseAfterTerminatedMs } = this.lifetime;
    if (eraseAfterTerminatedMs !== undefined)
      this.#timers.set(ERASE_TIMER, this.#clock.now() + eraseAfterTerminatedMs);
    return this.#move("terminated", by, why);
  }

  /** The session is to be erased: it is over, and an alarm sees to it, also where the object ends before it is done. */
  prepareErasure(by: string): void {
    this.terminate(by);
    this.#timers.set(ERASE_TIMER, this.#clock.now());
  }

  /** A timer is due. Answers whether it was one of these. */
  ring(timer: string): boolean {
    if (timer === IDLE_TIMER) this.#pauseIfIdle();
    else if (timer === END_TIMER) this.terminate(TIMER, "expired");
    else return false;
    return true;
  }

  /** Looks back: only now does it count what has happened since the timer was set. */
  #pauseIfIdle(): void {
    const { lifecycle, turns } = this.#log.state;
    const { pauseAfterIdleMs } = this.lifetime;
    if (lifecycle !== "active" || pauseAfterIdleMs === undefined) return;
    const now = this.#clock.now();
    const idleSince = turns.length > 0 ? now : Math.min(this.#log.log.writtenAt, now);
    if (now - idleSince < pauseAfterIdleMs)
      this.#timers.set(IDLE_TIMER, idleSince + pauseAfterIdleMs);
    else this.#move("paused", TIMER, "idle");
  }

  #endTurns(): void {
    const { approvals, turns } = this.#log.state;
    const running = runningTurn(this.#log.state);
    const at = this.#clock.now();
    for (const { approval } of approvals) {
      this.#decisions.close(approval, "withdrawn");
      this.#log.append({ type: "approval.closed", approval, why: "withdrawn", at });
    }
    for (const { id } of turns)
      this.#log.append({
        type: "turn.ended",
        turn: id,
        outcome: id === running?.id ? "interrupted" : "cancelled",
        at,
      });
  }

  #move(state: LifecycleEvent["state"], by: string, why?: LifecycleEvent["why"]): number {
    const at = this.#clock.now();
    return this.#log.append({
      type: "session.lifecycle",
      state,
      by,
      ...(why === undefined ? {} : { why }),
      at,
    });
  }

  #setMissing(timer: string, at: number): void {
    if (this.#timers.dueAt(timer) === undefined) this.#timers.set(timer, at);
  }
}
