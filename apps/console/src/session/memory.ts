/**
 * What a page has seen of a session and the session's state no longer holds: how turns ended, and what became of approvals
 * once their turn went on. Only for display.
 */

import type { Approval, SessionState } from "perdure/protocol";
import { approvalOf, type ApprovalView } from "../approvals/approval-view.ts";

/** How a turn ended. */
export type Outcome = NonNullable<SessionState["lastOutcome"]>;

/** What the page remembers. Never changed in place. */
export interface Memory {
  /** By turn. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** By approval. */
  readonly approvals: ReadonlyMap<string, ApprovalView>;
}

/** A page that has seen nothing. */
export const NO_MEMORY: Memory = { outcomes: new Map(), approvals: new Map() };

/** The memory after one more state; the same object where the state says nothing new. */
export function remember(
  memory: Memory,
  before: SessionState | undefined,
  session: SessionState | undefined,
): Memory {
  if (session === undefined) return memory;
  const outcomes = rememberOutcome(memory.outcomes, session.lastOutcome);
  const approvals =
    before?.approvals === session.approvals
      ? memory.approvals
      : rememberApprovals(memory.approvals, session.approvals);
  return outcomes === memory.outcomes && approvals === memory.approvals
    ? memory
    : { outcomes, approvals };
}

/** The memory with the session's stored approvals, where the page has not seen better. */
export function recall(memory: Memory, stored: readonly ApprovalView[]): Memory {
  const approvals = new Map(memory.approvals);
  for (const approval of stored) {
    const seen = approvals.get(approval.approval);
    if (seen === undefined || (seen.state === "closed" && approval.state !== "pending"))
      approvals.set(approval.approval, approval);
  }
  return { ...memory, approvals };
}

/** The memory with outcomes that the log tells of. */
export function recallOutcomes(memory: Memory, told: readonly Outcome[]): Memory {
  const outcomes = told.reduce(rememberOutcome, memory.outcomes);
  return outcomes === memory.outcomes ? memory : { ...memory, outcomes };
}

function rememberOutcome(
  outcomes: Memory["outcomes"],
  outcome: Outcome | undefined,
): Memory["outcomes"] {
  if (outcome === undefined || outcomes.has(outcome.turn)) return outcomes;
  return new Map(outcomes).set(outcome.turn, outcome);
}

/** A pending approval that is gone was closed; a decided one that is gone was delivered. */
function rememberApprovals(
  known: Memory["approvals"],
  current: readonly Approval[],
): Memory["approvals"] {
  const approvals = new Map(known);
  for (const [id, approval] of known)
    if (approval.state === "pending") approvals.set(id, { ...approval, state: "closed" });
  for (const approval of current) approvals.set(approval.approval, approvalOf(approval));
  return approvals;
}
