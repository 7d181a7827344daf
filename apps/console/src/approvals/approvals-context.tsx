import { createContext, useContext, type ReactNode } from "react";
import type { Session } from "perdure/react";
import type { ApprovalView } from "./approval-view.ts";

interface Approvals {
  readonly approve: Session["approve"];
  readonly byId: ReadonlyMap<string, ApprovalView>;
  /** Whether the role of this page may decide. */
  readonly canDecide: boolean;
}

const ApprovalsContext = createContext<Approvals | undefined>(undefined);

/** Gives tool cards the approvals that belong to them. `value` should keep its identity while nothing changes. */
export function ApprovalsProvider({
  value,
  children,
}: {
  readonly value: Approvals;
  readonly children: ReactNode;
}) {
  return <ApprovalsContext value={value}>{children}</ApprovalsContext>;
}

/** The approvals of the session and the way to decide them. */
export function useApprovals(): Approvals {
  const approvals = useContext(ApprovalsContext);
  if (approvals === undefined) throw new Error("useApprovals needs an ApprovalsProvider above it.");
  return approvals;
}

/** The last approval that was asked for a tool call. */
export function useApprovalOf(toolCallId: string): ApprovalView | undefined {
  return [...useApprovals().byId.values()].findLast((one) => one.toolCallId === toolCallId);
}
