/**
 * Looking for a runner that is not there: the gateway is called until a runner says hello, or the session gives up and says
 * so. One named timer drives it; what it is about stands in the timer's payload, and what became of it in the log.
 */

import type { Clock, Sql, Timers } from "../object/index.ts";
import type { Gateway, WakingReason } from "../protocol/index.ts";
import { isObject, PerdureError, runningTurn } from "../protocol/index.ts";
import type { GatewayAnswer, OutgoingCall } from "./gateway-call.ts";
import type { GatewayPolicy } from "./gateway-policy.ts";
import { checkGatewayUrl } from "./gateway-policy.ts";
import { GatewayStore } from "./gateway-store.ts";
import { pendingCommands } from "./runner-commands.ts";
import type { SessionLog } from "./session-log.ts";
import type { WakingSchedule } from "./waking-schedule.ts";
import { WAKING_SCHEDULE, waitAfter } from "./waking-schedule.ts";

/** The timer of the next attempt. There is one only while a runner is looked for. */
export const WAKING_TIMER = "perdure:waking";

/** What the timer carries. */
interface Attempt {
  /** Id of the waking. */
  readonly waking: string;
  readonly attempt: number;
  readonly why: WakingReason;
  /** When the waking began. */
  readonly since: number;
  /** Why the attempt before was in vain. */
  readonly reason?: string | undefined;
}

/** What waking needs of the session and of where that runs. */
export interface WakingOptions {
  readonly sql: Sql;
  readonly log: SessionLog;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly policy: GatewayPolicy;
  /** Whether a runner is connected under the claim in force. */
  readonly hasRunner: () => boolean;
}

/** The search for a runner of one session. Its methods run inside the commit queue. */
export class Waking {
  readonly #options: WakingOptions;
  readonly #store: GatewayStore;
  readonly #schedule: WakingSchedule;
  #named: Gateway | undefined;
  /** When a runner was last seen to drop; lost with memory, which outlives the grace only where something goes on. */
  #droppedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WakingOptions) {
    this.#options = options;
    this.#store = new GatewayStore(options.sql);
    this.#schedule = { ...WAKING_SCHEDULE, ...options.policy.schedule };
    this.#named = this.#store.read();
  }

  /** The session is created with a gateway of its own. Throws `bad_request` for one that this server does not call. */
  name(gateway: Gateway): void {
    if (gateway.url !== undefined) checkGatewayUrl(gateway.url, this.#options.policy);
    this.#store.write(gateway);
    this.#named = this.#store.read();
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const named = this.#named;
    return () => {
      this.#named = named;
    };
  }

  /** Whether there is a gateway to call. */
  get hasGateway(): boolean {
    return this.#gateway() !== undefined;
  }

  /** Somebody has asked for something: where that waits for a runner and none is there, one is looked for. */
  review(): void {
    if (!this.#isWanted() || this.#isUnderWay()) return;
    this.#begin("queued", this.#dueAfterDrop());
  }

  /** A runner's connection is gone; one that has left on purpose is not waited for. */
  dropped(hasLeft = false): void {
    const { clock } = this.#options;
    this.#droppedAt = hasLeft ? Number.NEGATIVE_INFINITY : clock.now();
    this.#reviewLost();
  }

  /**
   * Memory is new. Whether a runner has dropped meanwhile, with nobody here to hear it: then `recover` is due. Reads a row at
   * most, and none where a runner is there or nothing is open.
   */
  get isLost(): boolean {
    return !this.#hasGivenUp() && this.#isWanted() && !this.#isUnderWay();
  }

  /** As `dropped`, for a drop that was not heard. */
  recover(): void {
    if (this.isLost) this.dropped();
  }

  /** A runner has said hello: whoever was looked for is there. */
  settle(): void {
    if (this.#gateway() === undefined || !this.#options.hasRunner()) return;
    this.#droppedAt = Number.NEGATIVE_INFINITY;
    if (this.#isUnderWay()) this.#options.timers.cancel(WAKING_TIMER);
  }

  /**
   * A person asks for a runner. Throws `bad_request` where the session has no gateway, `turn_not_found` where nothing waits for
   * a runner. Where one is connected this has no effect.
   */
  wake(): void {
    const { log, clock, hasRunner } = this.#options;
    if (this.#gateway() === undefined)
      throw new PerdureError(
        "bad_request",
        "This session has no gateway that could start a runner: start one with `perdure run`.",
      );
    if (!isOpen(log))
      throw new PerdureError(
        "turn_not_found",
        "Nothing waits for a runner; a prompt has one looked for.",
      );
    if (hasRunner()) return;
    this.#begin("asked", clock.now());
  }

  /** The timer is due: the call to make now, if any. */
  due(): OutgoingCall | undefined {
    const attempt = this.#current();
    const gateway = this.#gateway();
    if (attempt === undefined || gateway === undefined || !this.#isWanted()) return undefined;
    if (attempt.attempt > this.#schedule.attempts) {
      this.#giveUp(attempt, attempt.reason ?? "No runner came.");
      return undefined;
    }
    this.#announce(attempt, this.#options.clock.now());
    return this.#callOf(attempt, gateway);
  }

  /** The gateway has answered, or has not. */
  answered(call: OutgoingCall, answer: GatewayAnswer): void {
    const attempt = this.#current();
    // A runner has come meanwhile, or has come and gone.
    if (attempt?.waking !== call.id || attempt.attempt !== call.body.data.attempt) return;
    if (!this.#isWanted()) return;
    const { clock } = this.#options;
    const schedule = this.#schedule;
    const now = clock.now();
    const wait = waitAfter(schedule, attempt.attempt, Math.random());
    switch (answer.kind) {
      case "taken": {
        const seconds = schedule.helloMs / 1000;
        const reason = `The gateway took the call, and no runner came within ${seconds} s.`;
        return this.#set(
          { ...attempt, attempt: attempt.attempt + 1, reason },
          now + schedule.helloMs,
        );
      }
      case "busy": {
        if (now - attempt.since >= schedule.patienceMs) return this.#giveUp(attempt, answer.reason);
        const due = now + Math.max(wait, Math.min(answer.afterMs, schedule.patienceMs));
        // Told once: a gateway may have no room for long, and each word of it is a row.
        if (attempt.reason !== answer.reason)
          this.#announce({ ...attempt, reason: answer.reason }, due, true);
        return this.#set({ ...attempt, reason: answer.reason }, due);
      }
      case "failed": {
        if (attempt.attempt >= schedule.attempts) return this.#giveUp(attempt, answer.reason);
        const next = { ...attempt, attempt: attempt.attempt + 1, reason: answer.reason };
        this.#announce(next, now + wait);
        return this.#set(next, now + wait);
      }
      case "refused":
        return this.#giveUp(attempt, answer.reason);
    }
  }

  /** A drop goes on with the waking of a runner that never started: one that dies each time is not started for ever. */
  #reviewLost(): void {
    if (!this.#isWanted() || this.#isUnderWay()) return;
    const { log } = this.#options;
    const before = log.state.waking;
    const due = this.#dueAfterDrop();
    if (before?.type !== "runner.waking") return this.#begin("dropped", due);
    const { waking, attempt, why } = before;
    const reason = "A runner came and was gone before it had started.";
    this.#set({ waking, attempt: attempt + 1, why, since: before.at, reason }, due);
  }

  #dueAfterDrop(): number {
    return Math.max(this.#options.clock.now(), this.#droppedAt + this.#schedule.graceMs);
  }

  #begin(why: WakingReason, due: number): void {
    const now = this.#options.clock.now();
    const attempt = { waking: `wk_${crypto.randomUUID()}`, attempt: 1, why, since: now };
    // In the row of what it is needed for, so that it costs none of its own.
    if (due <= now) this.#announce(attempt, due);
    this.#set(attempt, due);
  }

  #set(attempt: Attempt, due: number): void {
    this.#options.timers.set(WAKING_TIMER, due, attempt);
  }

  /** Says in the log that an attempt is made, or when. Each is told once. */
  #announce({ waking, attempt, why, reason }: Attempt, due: number, isNews = false): void {
    const { log, clock } = this.#options;
    const told = log.state.waking;
    const isTold =
      told?.type === "runner.waking" && told.waking === waking && told.attempt === attempt;
    if (isTold && !isNews) return;
    log.append({
      type: "runner.waking",
      waking,
      attempt,
      of: this.#schedule.attempts,
      why,
      due,
      ...(reason === undefined ? {} : { reason }),
      at: clock.now(),
    });
  }

  #giveUp({ waking }: Attempt, reason: string): void {
    const { log, clock, timers } = this.#options;
    log.append({ type: "runner.unreachable", waking, reason, at: clock.now() });
    timers.cancel(WAKING_TIMER);
  }

  #callOf(
    { waking, attempt, why }: Attempt,
    gateway: Gateway & { readonly url: string },
  ): OutgoingCall {
    const { log, clock, policy } = this.#options;
    const { runner } = log.state;
    return {
      url: gateway.url,
      id: waking,
      body: {
        type: "runner.wanted",
        timestamp: new Date(clock.now()).toISOString(),
        data: {
          session: log.id ?? "",
          attempt,
          of: this.#schedule.attempts,
          why,
          server: policy.server,
          cwd: runner?.cwd ?? gateway.cwd,
          worktree: runner?.worktree ?? gateway.worktree,
          agent: gateway.agent,
          agentSession: runner?.agentSession,
        },
      },
    };
  }

  #gateway(): (Gateway & { readonly url: string }) | undefined {
    const gateway = { ...this.#options.policy.default, ...this.#named };
    const { url } = gateway;
    return url === undefined ? undefined : { ...gateway, url };
  }

  #isWanted(): boolean {
    const { log, hasRunner } = this.#options;
    return (
      this.#gateway() !== undefined &&
      log.state.lifecycle === "active" &&
      isOpen(log) &&
      !hasRunner()
    );
  }

  #isUnderWay(): boolean {
    return this.#options.timers.dueAt(WAKING_TIMER) !== undefined;
  }

  #hasGivenUp(): boolean {
    return this.#options.log.state.waking?.type === "runner.unreachable";
  }

  #current(): Attempt | undefined {
    const payload = this.#options.timers.get(WAKING_TIMER)?.payload;
    return isObject(payload) ? (payload as unknown as Attempt) : undefined;
  }
}

/** Whether anything needs a runner: something waits for one, or a turn is open that only one can end. */
function isOpen({ state }: SessionLog): boolean {
  return runningTurn(state) !== undefined || pendingCommands(state).length > 0;
}
