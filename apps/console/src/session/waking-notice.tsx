import { useState } from "react";
import type { Waking } from "perdure/protocol";
import { request, sentenceOf } from "../http.ts";

/** A runner is looked for, or could not be had: then a person may have it looked for once more. */
export function WakingNotice({
  session,
  waking,
  canRetry,
}: {
  readonly session: string;
  readonly waking: Waking;
  readonly canRetry: boolean;
}) {
  const [problem, setProblem] = useState("");
  if (waking.type === "runner.waking")
    return (
      <p>
        A runner is on its way{waking.attempt > 1 && ` (attempt ${waking.attempt} of ${waking.of})`}
        . {waking.reason}
      </p>
    );
  const wake = () => {
    setProblem("");
    request("POST", `/v1/sessions/${encodeURIComponent(session)}/wake`, {}).catch(
      (error: unknown) => setProblem(sentenceOf(error)),
    );
  };
  return (
    <p>
      No runner could be woken, so prompts wait. {waking.reason}{" "}
      {canRetry && (
        <button type="button" className="text-button" onClick={wake}>
          Try again
        </button>
      )}{" "}
      {problem}
    </p>
  );
}
