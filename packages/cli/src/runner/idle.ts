import type { RelayClock } from "./relay-ports.ts";

/** Notices that a runner has had nothing to do for a while. */
export class IdleWatch {
  readonly #clock: RelayClock;
  readonly #isIdle: () => boolean;
  #lastActive: number;
  #stopTimer: (() => void) | undefined;

  /** @param isIdle Whether there is nothing to do now. */
  constructor(clock: RelayClock, isIdle: () => boolean) {
    this.#clock = clock;
    this.#isIdle = isIdle;
    this.#lastActive = clock.now();
  }

  /** Something was done or asked for. */
  active(): void {
    this.#lastActive = this.#clock.now();
  }

  /** For how long there has been nothing to do, in milliseconds; undefined where there is something. */
  get idleFor(): number | undefined {
    return this.#isIdle() ? Math.max(0, this.#clock.now() - this.#lastActive) : undefined;
  }

  /** Calls back once there has been nothing to do for this long, in milliseconds. */
  after(limitMs: number, onIdle: () => void): void {
    const idleFor = this.idleFor ?? 0;
    if (idleFor >= limitMs) return onIdle();
    this.#stopTimer = this.#clock.after(limitMs - idleFor, () => this.after(limitMs, onIdle));
  }

  /** Calls back no more. */
  stop(): void {
    this.#stopTimer?.();
  }
}
