/** Deciding: compare-and-set, a log event and a command for the runner, in one transaction. The first decision wins. */

import type { Clock, Timers } from "../object/index.ts";
import type { Approval } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Approvals, ApprovalState } from "./approvals.ts";
import type { SessionLog } from "./session-log.ts";

/** Who decides when nobody did in time. */
const EXPIRY = "perdure:expiry";

const TIMER_PREFIX = "perdure:approval:";

/** Decides approvals. */
export class Decisions {
  readonly #log: SessionLog;
  readonly #approvals: Approvals;
  readonly #timers: Timers;
  readonly #clock: Clock;

  constructor(log: SessionLog, approvals: Approvals, timers: Timers, clock: Clock) {
    this.#log = log;
    this.#approvals = approvals;
    this.#timers = timers;
    this.#clock = clock;
  }

  /**
   * A person decides; answers the position of the decision. Throws `approval_not_found`, `already_decided` (with the
   * winner in `extra`), `approval_closed`, or `bad_request` for an option that was not offered.
   */
  decide(id: string, option: string, by: string, reason?: string): number {
    const approval = this.#pending(id);
    // The timer may be late; the person may not.
    if (approval.expiresAt !== undefined && approval.expiresAt <= this.#clock.now())
      throw closed("expired");
    return this.#decide(approval, option, by, { reason });
  }

  /** Applies a decision on an identical question, whose runner died before it took the answer. */
  reuse(id: string, option: string, by: string, reuses: string): number {
    return this.#decide(this.#pending(id), option, by, { reuses });
  }

  #decide(
    approval: Approval,
    option: string,
    by: string,
    details: { readonly reason?: string | undefined; readonly reuses?: string | undefined },
  ): number {
    const id = approval.approval;
    const chosen = approval.options.find((one) => one.id === option);
    if (chosen === undefined)
      throw new PerdureError(
        "bad_request",
        `This approval offers ${approval.options.map((one) => one.id).join(", ")}.`,
      );
    const at = this.#clock.now();
    const approved = chosen.kind.startsWith("allow");
    this.#approvals.decide(id, { option, approved, by, at });
    this.#stopTimer(approval);
    return this.#log.append({
      type: "approval.decided",
      approval: id,
      option,
      approved,
      by,
      ...(details.reason === undefined ? {} : { reason: details.reason }),
      ...(details.reuses === undefined ? {} : { reuses: details.reuses }),
      at,
    });
  }

  /** Has the approval expire at a time, if there is one. */
  expireAt(id: string, at: number | undefined): void {
    if (at !== undefined) this.#timers.set(TIMER_PREFIX + id, at);
  }

  /** Nobody waits for the answer any more. Has no effect on a question that is not open. */
  close(id: string, state: ApprovalState): void {
    const open = this.#log.state.approvals.find((approval) => approval.approval === id);
    if (open === undefined) return;
    this.#approvals.move(id, state);
    if (open.state === "pending") this.#stopTimer(open);
  }

  /** A turn ends, and its questions with it. */
  withdraw(turn: string): void {
    for (const approval of this.#log.state.approvals)
      if (approval.turn === turn) this.close(approval.approval, "withdrawn");
  }

  /**
   * A timer is due: an approval that nobody decided fails closed. One that cannot be rejected has its turn cancelled.
   * Answers whether the timer was one of these.
   */
  expire(timer: string, cancel: (turn: string, by: string) => void): boolean {
    if (!timer.startsWith(TIMER_PREFIX)) return false;
    const id = timer.slice(TIMER_PREFIX.length);
    const approval = this.#log.state.approvals.find(
      (one) => one.approval === id && one.state === "pending",
    );
    if (approval === undefined) return true;
    const rejection = approval.options.find((option) => option.kind.startsWith("reject"));
    const at = this.#clock.now();
    if (rejection !== undefined)
      this.#decide(approval, rejection.id, EXPIRY, { reason: "Nobody decided in time." });
    else {
      this.#approvals.move(id, "expired");
      this.#log.append({ type: "approval.closed", approval: id, why: "expired", at });
      cancel(approval.turn, EXPIRY);
    }
    return true;
  }

  #pending(id: string): Approval {
    const open = this.#log.state.approvals.find((approval) => approval.approval === id);
    if (open?.state === "pending") return open;
    const record = this.#approvals.find(id);
    if (record === undefined)
      throw new PerdureError("approval_not_found", "There is no such approval in this session.");
    if (record.option !== undefined)
      throw new PerdureError(
        "already_decided",
        `This was decided before, by ${record.by ?? "somebody else"}.`,
        {
          option: record.option,
          by: record.by,
          decidedAt: record.decidedAt,
        },
      );
    throw closed(record.state);
  }

  #stopTimer({ approval, expiresAt }: Approval): void {
    if (expiresAt !== undefined) this.#timers.cancel(TIMER_PREFIX + approval);
  }
}

function closed(state: ApprovalState): PerdureError {
  return new PerdureError(
    "approval_closed",
    `This question is not open any more: it was ${state}.`,
    { state },
  );
}
