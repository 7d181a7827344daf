import type { ClientState } from "perdure/client";
import { useClientState, useSession, type Session } from "perdure/react";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "react";
import { parseApprovals } from "../approvals/approval-view.ts";
import { request } from "../http.ts";
import { outcomesOf, parseEvents } from "./log-page.ts";
import { NO_MEMORY, recall, recallOutcomes, remember, type Memory } from "./memory.ts";

/** One session as the page shows it. */
export interface SessionHandle {
  readonly session: Session;
  /** All that the session's client knows. */
  readonly state: ClientState;
  readonly memory: Memory;
}

/** Connects to a session for as long as the component is there. */
export function useSessionHandle(name: string): SessionHandle {
  const options = { name, create: false };
  const session = useSession(options);
  const state = useClientState(options);
  const [memory, change] = useReducer((memory: Memory, apply: Change) => apply(memory), NO_MEMORY);
  useSeen(state.session, change);
  useStoredApprovals(name, state, change);
  useLoggedOutcomes(name, state, change);
  return { session, state, memory };
}

type Change = (memory: Memory) => Memory;

type Changing = (apply: Change) => void;

/** Remembers what goes by. Only two parts of a session are remembered: text that streams in costs nothing here. */
function useSeen(session: ClientState["session"], change: Changing): void {
  const before = useRef(session);
  useLayoutEffect(() => {
    const last = before.current;
    before.current = session;
    change((memory) => remember(memory, last, session));
    // oxlint-disable-next-line react/exhaustive-deps
  }, [session?.lastOutcome, session?.approvals, change]);
}

/** Reads the stored approvals at first, and again whenever one has left the live state. */
function useStoredApprovals(name: string, state: ClientState, change: Changing): void {
  const isLive = state.link === "live";
  const open = (state.session?.approvals ?? []).map((one) => one.approval).join(" ");
  useEffect(() => {
    if (!isLive) return;
    const reading = new AbortController();
    const path = `/v1/sessions/${encodeURIComponent(name)}/approvals`;
    request("GET", path, undefined, reading.signal).then(
      (answer) => change((memory) => recall(memory, parseApprovals(answer))),
      // Verdicts of the past are an extra: the transcript is whole without them.
      () => undefined,
    );
    return () => reading.abort();
    // `open` is no input of the request: its change is the reason to ask again.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [name, isLive, open, change]);
}

/** How far back the log is searched, in positions. */
const OUTCOME_WINDOW = 200;

/** Looks up how the last turns ended, once: a snapshot holds the messages of a turn, and not its end. */
function useLoggedOutcomes(name: string, state: ClientState, change: Changing): void {
  const [before, setBefore] = useState<number>();
  const cursor = state.link === "live" ? state.cursor : undefined;
  if (before === undefined && cursor !== undefined) setBefore(cursor);
  useEffect(() => {
    if (before === undefined) return;
    const reading = new AbortController();
    const after = Math.max(before - OUTCOME_WINDOW, 0);
    const path = `/v1/sessions/${encodeURIComponent(name)}/events?after=${after}`;
    request("GET", path, undefined, reading.signal).then(
      (answer) => {
        const told = outcomesOf(parseEvents(answer));
        return change((memory) => recallOutcomes(memory, told));
      },
      // What retention has passed is told by nobody; the transcript is whole without it.
      () => undefined,
    );
    return () => reading.abort();
  }, [name, before, change]);
}
