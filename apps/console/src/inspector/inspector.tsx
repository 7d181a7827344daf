import { ChevronRight, X } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import type { ClientState } from "perdure/client";
import { useEvents } from "./use-events.ts";

/** The session as the wire has it: positions, queues, and the last entries of the log. */
export function Inspector({
  session,
  state,
  onClose,
}: {
  readonly session: string;
  readonly state: ClientState;
  readonly onClose: () => void;
}) {
  const { session: projected } = state;
  const events = useEvents(session, state.cursor);
  const panel = useRef<HTMLElement>(null);

  useEffect(() => {
    const opener = document.activeElement;
    const element = panel.current;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape") onClose();
    };
    element?.focus();
    element?.addEventListener("keydown", onKeyDown);
    return () => {
      element?.removeEventListener("keydown", onKeyDown);
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, [onClose]);

  return (
    <aside className="inspector" aria-label="Inspector" ref={panel} tabIndex={-1}>
      <header className="inspector-header">
        <h2>Inspector</h2>
        <button
          type="button"
          className="icon-button"
          aria-label="Close inspector"
          onClick={onClose}
        >
          <X aria-hidden size={18} />
        </button>
      </header>
      <dl className="facts">
        <Fact name="Session">{session}</Fact>
        <Fact name="Link">{state.link}</Fact>
        <Fact name="Role">{state.role}</Fact>
        <Fact name="Lifecycle">{projected?.lifecycle}</Fact>
        <Fact name="Position">{projected?.position}</Fact>
        <Fact name="Cursor">{state.cursor}</Fact>
        <Fact name="Durable head">{events.head}</Fact>
        <Fact name="Retention floor">{events.floor}</Fact>
        <Fact name="Messages">{projected?.messages.length}</Fact>
        <Fact name="Created by">{projected?.createdBy}</Fact>
      </dl>
      {state.problem !== undefined && <Raw name="Problem" value={state.problem} isOpen />}
      <Raw name="Runner" value={{ connected: state.runner, started: projected?.runner }} />
      <Raw name="Turns" value={projected?.turns} count={projected?.turns.length} />
      <Raw name="Approvals" value={projected?.approvals} count={projected?.approvals.length} />
      <Raw name="Outbox" value={state.outbox} count={state.outbox.length} />
      <Raw name="Metadata" value={projected?.meta} />
      <Raw name="Message being written" value={projected?.open?.message} />
      <section aria-label="Last events">
        <h3>Last events</h3>
        {events.problem !== undefined && <p className="inspector-note">{events.problem}</p>}
        <ol className="events">
          {events.lines.map((line) => (
            <li key={line.position}>
              <details>
                <summary>
                  <ChevronRight aria-hidden size={14} className="chevron" />
                  <span className="events-position">{line.position}</span>
                  <span className="events-type">{line.type}</span>
                  <span className="events-text">{line.text}</span>
                </summary>
                <pre>{JSON.stringify(line.event, null, 2)}</pre>
              </details>
            </li>
          ))}
        </ol>
      </section>
    </aside>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children ?? "unknown"}</dd>
    </div>
  );
}

function Raw({
  name,
  value,
  count,
  isOpen = false,
}: {
  readonly name: string;
  readonly value: unknown;
  readonly count?: number | undefined;
  readonly isOpen?: boolean;
}) {
  return (
    <details className="raw" open={isOpen}>
      <summary>
        <ChevronRight aria-hidden size={14} className="chevron" />
        {name}
        {count !== undefined && ` (${count})`}
      </summary>
      <pre>{JSON.stringify(value, null, 2) ?? "none"}</pre>
    </details>
  );
}
