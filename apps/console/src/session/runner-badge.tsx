import { Bot } from "lucide-react";
import type { ReactNode } from "react";
import type { ClientState } from "perdure/client";
import type { Restored } from "perdure/protocol";
import { fullTime, timeAgo, useNow } from "../time.ts";
import type { Worker } from "./use-worker.ts";

const RESTORED: Readonly<Record<Restored, string>> = {
  new: "new session",
  resumed: "resumed",
  loaded: "loaded from the agent's history",
  lost: "lost: the agent remembers nothing of what is above",
};

/** Who runs this session, where it does not do that itself. Pressing it shows more. */
export function RunnerBadge({
  state,
  worker,
}: {
  readonly state: ClientState;
  readonly worker: Worker | undefined;
}) {
  const now = useNow();
  const { runner, session } = state;
  // Until it is known whether one belongs here, nobody is told that it is missing.
  if (runner === null && (worker === undefined || worker === "session")) return null;
  const last = session?.runner;
  // An epoch tells processes apart: what the log says of another one is not true of this.
  const started = last?.epoch === runner?.epoch ? last : undefined;
  const agent = runner?.agent ?? started?.agent;
  const name = agent?.title ?? agent?.name ?? "Runner";
  return (
    <details className="runner-badge" name="runner">
      <summary className="badge" data-connected={runner !== null}>
        <Bot aria-hidden size={15} />
        <span className="runner-name">{runner === null ? "No runner" : name}</span>
      </summary>
      <dl className="popover facts">
        {runner === null ? (
          <>
            <Fact name="Runner">none is connected</Fact>
            {last !== undefined && (
              <Fact name="Last">
                {last.agent.title ?? last.agent.name} {last.agent.version}, epoch {last.epoch}
              </Fact>
            )}
          </>
        ) : (
          <>
            <Fact name="Agent">{name}</Fact>
            {agent?.version !== undefined && <Fact name="Version">{agent.version}</Fact>}
            <Fact name="Epoch">{runner.epoch}</Fact>
            <Fact name="Connected">
              <time dateTime={new Date(runner.since).toISOString()} title={fullTime(runner.since)}>
                {timeAgo(runner.since, now)}
              </time>
            </Fact>
            {started !== undefined && <Fact name="Context">{RESTORED[started.restored]}</Fact>}
          </>
        )}
      </dl>
    </details>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
