import type { Approval, Turn } from "perdure/protocol";
import { ApprovalCard } from "../approvals/approval-answer.tsx";

/** What the running turn is at, below what it has said so far. */
export function Working({
  turn,
  isWaiting,
  unplaced,
}: {
  readonly turn: Turn;
  readonly isWaiting: boolean;
  /** Open approvals that no tool card shows. */
  readonly unplaced: readonly Approval[];
}) {
  const text =
    turn.state === "cancelling" ? "Stopping…" : isWaiting ? "Waiting for an answer" : "Working…";
  return (
    <>
      {unplaced.map((approval) => (
        <ApprovalCard key={approval.approval} approval={approval} />
      ))}
      <p className="working" data-still={isWaiting}>
        <span className="working-dots" aria-hidden>
          <span />
          <span />
          <span />
        </span>
        {text}
      </p>
    </>
  );
}
