import { isToolPart, type Approval, type SessionState } from "perdure/protocol";

/** Pending approvals whose tool call is in no message of the session: they need a card of their own. */
export function unplacedApprovals(
  session: Pick<SessionState, "approvals" | "messages" | "open"> | undefined,
): readonly Approval[] {
  const pending = (session?.approvals ?? []).filter((one) => one.state === "pending");
  if (session === undefined || pending.length === 0) return [];
  // A pending approval belongs to the running turn, so its call is in the open message or in the last few.
  const near = [...session.messages.slice(-10).map((one) => one.message), session.open?.message];
  const calls = new Set(
    near.flatMap((message) =>
      (message?.parts ?? []).filter(isToolPart).map((part) => part.toolCallId),
    ),
  );
  return pending.filter((one) => one.toolCallId === undefined || !calls.has(one.toolCallId));
}
