import { SessionClient, type ClientState } from "perdure/client";
import type { PlacedMessage } from "perdure/protocol";
import { useCallback, useEffect, useReducer, useState } from "react";
import { parseApprovals } from "../approvals/approval-view.ts";
import { request } from "../http.ts";
import { outcomesOf, parseEvents } from "./log-page.ts";
import { joinEarlier, parsePage, type EarlierMessages } from "../transcript/earlier.ts";
import { NO_MEMORY, recall, recallOutcomes, remember, type Memory } from "./memory.ts";

/** One session as the page shows it. */
export interface SessionHandle {
  readonly client: SessionClient;
  readonly state: ClientState;
  readonly memory: Memory;
  /** All messages at hand, pages loaded later first. Finished messages keep their identity. */
  readonly messages: readonly PlacedMessage[];
  readonly hasEarlier: boolean;
  /** Loads one page of older messages. Throws what `request` throws. */
  readonly loadEarlier: () => Promise<void>;
}

interface View {
  readonly client: SessionClient;
  readonly state: ClientState;
  readonly memory: Memory;
  readonly earlier: EarlierMessages | undefined;
}

type Change = (view: View | undefined) => View | undefined;

/** Connects to a session for as long as the component is there. Undefined until the first state. */
export function useSession(session: string): SessionHandle | undefined {
  const [view, change] = useReducer(
    (view: View | undefined, apply: Change) => apply(view),
    undefined,
  );

  useEffect(() => {
    const client = new SessionClient({ session });
    const take = () => change((view) => viewAfter(view, client));
    const unsubscribe = client.subscribe(take);
    take();
    client.connect();
    return () => {
      unsubscribe();
      client.close();
    };
  }, [session]);

  useStoredApprovals(session, view, change);
  useLoggedOutcomes(session, view, change);

  const first = view?.state.session?.messages[0]?.position;
  const { messages, hasEarlier } = joinEarlier(view?.earlier, view?.state);
  const earliest = messages[0]?.position;
  const loadEarlier = useCallback(async () => {
    if (earliest === undefined || first === undefined) return;
    const path = `/v1/sessions/${encodeURIComponent(session)}/messages?before=${earliest}&limit=50`;
    const page = parsePage(await request("GET", path));
    change((view) => {
      if (view === undefined) return view;
      const kept = view.earlier?.until === first ? view.earlier.messages : [];
      return { ...view, earlier: { ...page, messages: [...page.messages, ...kept], until: first } };
    });
  }, [session, earliest, first]);

  if (view === undefined) return undefined;
  const { client, state, memory } = view;
  return { client, state, memory, messages, hasEarlier, loadEarlier };
}

function viewAfter(view: View | undefined, client: SessionClient): View {
  const state = client.getState();
  return {
    client,
    state,
    memory: remember(view?.memory ?? NO_MEMORY, view?.state.session, state.session),
    earlier: view?.earlier,
  };
}

/** Reads the stored approvals at first, and again whenever one has left the live state. */
function useStoredApprovals(
  session: string,
  view: View | undefined,
  change: (apply: Change) => void,
): void {
  const isLive = view?.state.link === "live";
  const open = (view?.state.session?.approvals ?? []).map((one) => one.approval).join(" ");
  useEffect(() => {
    if (!isLive) return;
    const reading = new AbortController();
    const path = `/v1/sessions/${encodeURIComponent(session)}/approvals`;
    request("GET", path, undefined, reading.signal).then(
      (answer) =>
        change((view) => view && { ...view, memory: recall(view.memory, parseApprovals(answer)) }),
      // Verdicts of the past are an extra: the transcript is whole without them.
      () => undefined,
    );
    return () => reading.abort();
    // `open` is no input of the request: its change is the reason to ask again.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [session, isLive, open, change]);
}

/** How far back the log is searched, in positions. */
const OUTCOME_WINDOW = 200;

/** Looks up how the last turns ended, once: a snapshot holds the messages of a turn, and not its end. */
function useLoggedOutcomes(
  session: string,
  view: View | undefined,
  change: (apply: Change) => void,
): void {
  const [before, setBefore] = useState<number>();
  const cursor = view?.state.link === "live" ? view.state.cursor : undefined;
  if (before === undefined && cursor !== undefined) setBefore(cursor);
  useEffect(() => {
    if (before === undefined) return;
    const reading = new AbortController();
    const after = Math.max(before - OUTCOME_WINDOW, 0);
    const path = `/v1/sessions/${encodeURIComponent(session)}/events?after=${after}`;
    request("GET", path, undefined, reading.signal).then(
      (answer) => {
        const told = outcomesOf(parseEvents(answer));
        return change((view) => view && { ...view, memory: recallOutcomes(view.memory, told) });
      },
      // What retention has passed is told by nobody; the transcript is whole without it.
      () => undefined,
    );
    return () => reading.abort();
  }, [session, before, change]);
}
