import type { ClientState } from "perdure/client";
import { CopyButton } from "../copy-button.tsx";
import { runCommand, runCommandWithToken } from "./run-command.ts";
import { NOTICED_MS, useLasting } from "./use-lasting.ts";
import type { Worker } from "./use-worker.ts";
import { WakingNotice } from "./waking-notice.tsx";

/** What to do when nobody is there to answer. */
export function NoRunner({
  session,
  state,
  worker,
}: {
  readonly session: string;
  readonly state: ClientState;
  readonly worker: Worker | undefined;
}) {
  const isOver = state.session?.lifecycle === "terminated";
  const isMissing = useLasting(state.link === "live" && state.runner === null, NOTICED_MS);
  if (!isMissing || isOver || worker === undefined || worker === "session") return null;
  const waking = (state.session?.turns.length ?? 0) > 0 ? state.session?.waking : undefined;
  if (waking !== undefined)
    return (
      <section className="no-runner" aria-label="No runner">
        <WakingNotice session={session} waking={waking} canRetry={state.role !== "viewer"} />
      </section>
    );
  // One comes when somebody writes.
  if (worker === "gateway") return null;
  const command = runCommand(location.origin, session);
  return (
    <section className="no-runner" aria-label="No runner">
      <p>No runner is connected, so prompts wait. Start one where the agent should work:</p>
      <div className="command">
        {/* A long command scrolls, so it can be focused. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <code tabIndex={0}>{command}</code>
        <CopyButton text={command} label="Copy command" />
      </div>
      {state.role === "admin" && (
        <p className="no-runner-more">
          On another machine:{" "}
          <CopyButton
            text={() => runCommandWithToken(location.origin, session)}
            label="Copy command with a token"
          >
            Copy with a token
          </CopyButton>
        </p>
      )}
    </section>
  );
}
