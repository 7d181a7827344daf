import { Ban, Check, ChevronRight, CircleAlert, Hand, LoaderCircle } from "lucide-react";
import { memo, useState, type ReactNode } from "react";
import { toolNameOf, type ToolPart } from "perdure/protocol";
import { ApprovalAnswer } from "../approvals/approval-answer.tsx";
import { useApprovalOf } from "../approvals/approvals-context.tsx";
import { ContentsView } from "./contents-view.tsx";
import { toolStatusOf, type ToolStatus } from "./tool-status.ts";

const ICONS: Readonly<Record<ToolStatus, ReactNode>> = {
  running: <LoaderCircle aria-hidden size={16} className="spin" />,
  waiting: <Hand aria-hidden size={16} />,
  done: <Check aria-hidden size={16} />,
  failed: <CircleAlert aria-hidden size={16} />,
  denied: <Ban aria-hidden size={16} />,
  stopped: <Ban aria-hidden size={16} />,
};

const LABELS: Readonly<Record<ToolStatus, string>> = {
  running: "Running",
  waiting: "Needs you",
  done: "Done",
  failed: "Failed",
  denied: "Rejected",
  stopped: "Stopped",
};

/** One tool call: what was asked of the tool, what it answered, and the approval it waits for. */
export const ToolCard = memo(function ToolCard({
  part,
  isOpen,
}: {
  readonly part: ToolPart;
  /** Whether the message it belongs to is still being written. */
  readonly isOpen: boolean;
}) {
  const approval = useApprovalOf(part.toolCallId);
  const status = toolStatusOf(part, approval, isOpen);
  const [choice, setChoice] = useState<boolean>();
  const isUnfolded = choice ?? status === "waiting";
  const name = toolNameOf(part);
  return (
    <section className="tool" data-status={status} aria-label={`Tool: ${part.title ?? name}`}>
      <button
        type="button"
        className="tool-header"
        aria-expanded={isUnfolded}
        onClick={() => setChoice(!isUnfolded)}
      >
        <span className="tool-icon">{ICONS[status]}</span>
        <span className="tool-title">{part.title ?? name}</span>
        <span className="tool-status">{LABELS[status]}</span>
        <ChevronRight aria-hidden size={16} className="chevron" />
      </button>
      {isUnfolded && (
        <div className="tool-body">
          {approval?.state === "pending" ? (
            <ContentsView value={approval.input} label="To be approved" />
          ) : (
            <ContentsView value={part.input ?? part.rawInput} label="Input" />
          )}
          {part.errorText !== undefined && <p className="tool-error">{part.errorText}</p>}
          <ContentsView value={part.output} label="Output" />
        </div>
      )}
      {approval !== undefined && <ApprovalAnswer approval={approval} />}
    </section>
  );
});
