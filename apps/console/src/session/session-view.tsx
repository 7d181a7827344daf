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
import { useSession, type SessionHandle } from "./use-session.ts";

/** One session, live. Give it a `key` of its session, so that another session starts afresh. */
export function SessionView({ session }: { readonly session: string }) {
  const handle = useSession(session);
  return handle === undefined ? null : <LiveSession session={session} handle={handle} />;
}

function LiveSession({
  session,
  handle,
}: {
  readonly session: string;
  readonly handle: SessionHandle;
}) {
  const { client, state, memory } = handle;
  const [isInspecting, setInspecting] = useState(false);
  const toggleInspector = useCallback(() => setInspecting((isOpen) => !isOpen), []);
  useInspectorKey(toggleInspector);
  const canDecide = state.role !== "viewer";
  const approvals = useMemo(
    () => ({ client, byId: memory.approvals, canDecide }),
    [client, memory.approvals, canDecide],
  );
  return (
    <div className="session" data-inspecting={isInspecting}>
      <section className="session-main" aria-label="Session">
        <SessionHeader
          session={session}
          handle={handle}
          isInspecting={isInspecting}
          onInspect={toggleInspector}
        />
        <SessionProblem client={client} state={state} />
        <ApprovalsProvider value={approvals}>
          <Transcript handle={handle} />
        </ApprovalsProvider>
        <footer className="session-footer">
          <Tasks tasks={state.session?.tasks ?? NO_TASKS} />
          <NoRunner session={session} state={state} />
          <Composer session={session} client={client} state={state} />
        </footer>
        <Announcer state={state} />
      </section>
      {isInspecting && <Inspector session={session} state={state} onClose={toggleInspector} />}
    </div>
  );
}

const NO_TASKS = [] as const;
