import type { ToolPart } from "perdure/protocol";
import type { ApprovalView } from "../approvals/approval-view.ts";

/** How a tool call stands, for a person. */
export type ToolStatus = "running" | "waiting" | "done" | "failed" | "denied" | "stopped";

/** The status of a call. One without a result in a finished message was cut off. */
export function toolStatusOf(
  part: ToolPart,
  approval: ApprovalView | undefined,
  isOpen: boolean,
): ToolStatus {
  switch (part.state) {
    case "output-available":
      return part.preliminary === true && isOpen ? "running" : "done";
    case "output-error":
      return approval?.approved === false ? "denied" : "failed";
    case "output-denied":
      return "denied";
    case "input-streaming":
    case "input-available":
    case "approval-requested":
    case "approval-responded":
      if (approval?.state === "pending") return "waiting";
      return isOpen ? "running" : "stopped";
  }
}
