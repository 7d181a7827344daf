import { ShieldAlert, ShieldCheck, ShieldX } from "lucide-react";
import { useState } from "react";
import { PerdureError, type ApprovalOption } from "perdure/protocol";
import { sentenceOf } from "../http.ts";
import { ContentsView } from "../transcript/contents-view.tsx";
import { verdictOf, type ApprovalView } from "./approval-view.ts";
import { useApprovals } from "./approvals-context.tsx";

/** The buttons of an open question, or what became of it. */
export function ApprovalAnswer({ approval }: { readonly approval: ApprovalView }) {
  return approval.state === "pending" ? (
    <OpenQuestion approval={approval} />
  ) : (
    <Verdict approval={approval} />
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

function Verdict({ approval }: { readonly approval: ApprovalView }) {
  const isAllowed = approval.state === "decided" && approval.approved === true;
  return (
    <p className="verdict" data-allowed={isAllowed}>
      {isAllowed ? <ShieldCheck aria-hidden size={15} /> : <ShieldX aria-hidden size={15} />}
      {verdictOf(approval)}
    </p>
  );
}

function OpenQuestion({ approval }: { readonly approval: ApprovalView }) {
  const { client, canDecide } = useApprovals();
  const [chosen, setChosen] = useState<string>();
  const [problem, setProblem] = useState<string>();

  const decide = async (option: ApprovalOption) => {
    setChosen(option.id);
    setProblem(undefined);
    try {
      await client.approve(approval.approval, option.id);
    } catch (error) {
      setProblem(lostSentence(error, approval.options));
      setChosen(undefined);
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

/** Someone else may have been faster: then the problem carries the decision that counts. */
function lostSentence(error: unknown, options: readonly ApprovalOption[]): string {
  if (!(error instanceof PerdureError) || error.code !== "already_decided")
    return sentenceOf(error);
  const { option, by } = error.extra ?? {};
  const name = options.find((one) => one.id === option)?.name;
  const who = typeof by === "string" ? by : "someone else";
  return name === undefined
    ? `${who} decided first; that decision counts.`
    : `${who} decided first: ${name}. That decision counts.`;
}
