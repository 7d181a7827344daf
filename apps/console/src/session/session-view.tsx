import { useCallback, useMemo, useState } from "react";
import { ApprovalsProvider } from "../approvals/approvals-context.tsx";
import { Inspector } from "../inspector/inspector.tsx";
import { useInspectorKey } from "../inspector/use-inspector-key.ts";
import { Transcript } from "../transcript/transcript.tsx";
import { Announcer } from "./announcer.tsx";
import { Composer } from "./composer.tsx";
import { NoRunner } from "./no-runner.tsx";
import { SessionHeader } from "./session-header.tsx";
import { SessionProblem } from "./session-problem.tsx";
import { Tasks } from "./tasks.tsx";
import { useSessionHandle } from "./use-session.ts";
import { useWorker } from "./use-worker.ts";

/** One session, live. Give it a `key` of its session, so that another session starts afresh. */
export function SessionView({
  name,
  isGuest = false,
}: {
  readonly name: string;
  /** Whether there is no list to go back to. */
  readonly isGuest?: boolean;
}) {
  const handle = useSessionHandle(name);
  const { session, state, memory } = handle;
  const [isInspecting, setInspecting] = useState(false);
  const toggleInspector = useCallback(() => setInspecting((isOpen) => !isOpen), []);
  useInspectorKey(toggleInspector);
  const worker = useWorker(name, state.link === "live" && state.runner === null);
  const canDecide = state.role !== "viewer";
  const approvals = useMemo(
    () => ({ approve: session.approve, byId: memory.approvals, canDecide }),
    [session.approve, memory.approvals, canDecide],
  );
  return (
    <div className="session" data-inspecting={isInspecting}>
      <section className="session-main" aria-label="Session">
        <SessionHeader
          handle={handle}
          worker={worker}
          isGuest={isGuest}
          isInspecting={isInspecting}
          onInspect={toggleInspector}
        />
        <SessionProblem session={session} state={state} />
        <ApprovalsProvider value={approvals}>
          <Transcript handle={handle} />
        </ApprovalsProvider>
        <footer className="session-footer">
          <Tasks tasks={session.tasks} />
          <NoRunner session={name} state={state} worker={worker} />
          <Composer session={session} state={state} />
        </footer>
        <Announcer state={state} />
      </section>
      {isInspecting && <Inspector session={name} state={state} onClose={toggleInspector} />}
    </div>
  );
}
