import { ArrowDown } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { unplacedApprovals } from "../approvals/placement.ts";
import { sentenceOf } from "../http.ts";
import type { SessionHandle } from "../session/use-session.ts";
import { transcriptOf } from "./entries.ts";
import { MessageItem } from "./message-item.tsx";
import { OutcomeLine, SendingPrompt } from "./lines.tsx";
import { useStickyScroll } from "./use-sticky-scroll.ts";
import { Working } from "./working.tsx";

/** The messages of a session, from the oldest at hand to the one that is being written. */
export function Transcript({ handle }: { readonly handle: SessionHandle }) {
  const { session, state, memory } = handle;
  const { messages, cancel, hasEarlier, loadEarlier } = session;
  const turns = state.session?.turns ?? NO_TURNS;
  const entries = useMemo(
    () => transcriptOf({ messages, turns, outcomes: memory.outcomes }),
    [messages, turns, memory.outcomes],
  );
  const { scrollRef, contentRef, isAtEnd, onScroll, scrollToEnd } = useStickyScroll(
    entries[0]?.key,
  );
  const withdraw = useCallback(
    // A turn that began meanwhile is cancelled all the same; the transcript says how it ended.
    (turn: string) => void cancel(turn),
    [cancel],
  );
  const approvals = unplacedApprovals(state.session);
  const isWaiting = session.approvals.length > 0;
  const isEmpty = entries.length === 0 && state.session !== undefined;

  return (
    <div className="transcript">
      <div className="transcript-scroll" ref={scrollRef} onScroll={onScroll}>
        {/* Each token would be read aloud: the announcer says what is worth saying. */}
        <div
          className="transcript-content"
          role="log"
          aria-live="off"
          aria-label="Transcript"
          ref={contentRef}
        >
          {hasEarlier && <LoadEarlier load={loadEarlier} />}
          {isEmpty && <p className="transcript-empty">Nothing has been said yet.</p>}
          {entries.map((entry) => {
            switch (entry.kind) {
              case "message":
                return (
                  <MessageItem
                    key={entry.key}
                    message={entry.message}
                    queued={entry.queued}
                    onWithdraw={withdraw}
                  />
                );
              case "running":
                return (
                  <Working
                    key={entry.key}
                    turn={entry.turn}
                    isWaiting={isWaiting}
                    unplaced={approvals}
                  />
                );
              case "outcome":
                return <OutcomeLine key={entry.key} outcome={entry.outcome} />;
              case "sending":
                return (
                  <SendingPrompt
                    key={entry.key}
                    text={entry.text}
                    isOnline={state.link === "live"}
                  />
                );
            }
          })}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" className="button to-end" onClick={scrollToEnd}>
          <ArrowDown aria-hidden size={16} />
          {isWaiting ? "An approval is waiting" : "Latest"}
        </button>
      )}
    </div>
  );
}

const NO_TURNS = [] as const;

function LoadEarlier({ load }: { readonly load: () => Promise<void> }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const start = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await load();
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <p className="load-earlier">
      <button
        type="button"
        className="button button-small"
        disabled={isBusy}
        onClick={() => void start()}
      >
        {isBusy ? "Loading…" : "Load earlier messages"}
      </button>
      {problem !== undefined && <span role="alert">{problem}</span>}
    </p>
  );
}
