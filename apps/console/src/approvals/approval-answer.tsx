import { ShieldAlert, ShieldCheck, ShieldX } from "lucide-react";
import { useState } from "react";
import { PerdureError, type ApprovalOption } from "perdure/protocol";
import { sentenceOf } from "../http.ts";
import { ContentsView } from "../transcript/contents-view.tsx";
import { verdictOf, type ApprovalView } from "./approval-view.ts";
import { useApprovals } from "./approvals-context.tsx";

/** The buttons of an open question, or what became of it. */
export function ApprovalAnswer({ approval }: { readonly approval: ApprovalView }) {
  // Outlives the buttons: whoever was not the first is told what counts instead.
  const [chosen, setChosen] = useState<ApprovalOption>();
  return approval.state === "pending" ? (
    <OpenQuestion approval={approval} chosen={chosen} onChoose={setChosen} />
  ) : (
    <Verdict approval={approval} chosen={chosen} />
  );
}

/** An approval that belongs to no tool call on the page. */
export function ApprovalCard({ approval }: { readonly approval: ApprovalView }) {
  return (
    <section className="tool" data-status="waiting" aria-label={`Approval: ${approval.title}`}>
      <div className="tool-body">
        <ContentsView value={approval.input} label="To be approved" />
      </div>
      <ApprovalAnswer approval={approval} />
    </section>
  );
}

function Verdict({
  approval,
  chosen,
}: {
  readonly approval: ApprovalView;
  readonly chosen: ApprovalOption | undefined;
}) {
  const isAllowed = approval.state === "decided" && approval.approved === true;
  const isLost = chosen !== undefined && chosen.id !== approval.option;
  return (
    <div className="verdict" data-allowed={isAllowed}>
      {isAllowed ? <ShieldCheck aria-hidden size={15} /> : <ShieldX aria-hidden size={15} />}
      <p>{verdictOf(approval)}</p>
      {isLost && (
        <p className="verdict-lost" role="alert">
          You chose “{chosen.name}”, but that came too late: it has no effect.
        </p>
      )}
    </div>
  );
}

function OpenQuestion({
  approval,
  chosen,
  onChoose,
}: {
  readonly approval: ApprovalView;
  readonly chosen: ApprovalOption | undefined;
  readonly onChoose: (option: ApprovalOption | undefined) => void;
}) {
  const { approve, canDecide } = useApprovals();
  const [problem, setProblem] = useState<string>();

  const decide = async (option: ApprovalOption) => {
    onChoose(option);
    setProblem(undefined);
    try {
      await approve(approval.approval, option.id);
    } catch (error) {
      if (isTooLate(error)) return;
      setProblem(sentenceOf(error));
      onChoose(undefined);
    }
  };
  return (
    <fieldset className="question" aria-label={approval.title} data-approval={approval.approval}>
      <p className="question-title">
        <ShieldAlert aria-hidden size={16} />
        {approval.title}
      </p>
      <div className="question-options">
        {approval.options.map((option) => (
          <button
            key={option.id}
            type="button"
            className="button"
            data-option={option.kind}
            disabled={!canDecide || chosen !== undefined}
            onClick={() => void decide(option)}
          >
            {option.name}
          </button>
        ))}
      </div>
      {!canDecide && <p className="question-note">Your role may watch, but not decide.</p>}
      {chosen !== undefined && <p className="question-note">Sending your decision…</p>}
      {problem !== undefined && (
        <p className="question-note" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

/** Then the decision that counts is on its way to this page. */
function isTooLate(error: unknown): boolean {
  return (
    error instanceof PerdureError &&
    (error.code === "already_decided" || error.code === "approval_closed")
  );
}
