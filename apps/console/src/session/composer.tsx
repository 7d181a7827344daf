import { SendHorizontal, Square } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent, type SubmitEvent } from "react";
import type { ClientState } from "perdure/client";
import type { Session } from "perdure/react";
import { runningTurn } from "perdure/protocol";
import { sentenceOf } from "../http.ts";
import { closedReason } from "./closed-reason.ts";
import { useDraft } from "./use-draft.ts";

/** Where prompts are written. What is written is kept across reloads until it is sent. */
export function Composer({
  session,
  state,
}: {
  readonly session: Session;
  readonly state: ClientState;
}) {
  const [draft, setDraft] = useDraft(session.name);
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  const reason = closedReason(state);
  const turn = state.session === undefined ? undefined : runningTurn(state.session);
  const canSend = draft.trim() !== "" && reason === undefined;

  useEffect(() => {
    // On a touch screen this would open the keyboard over the transcript.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);

  const send = async () => {
    if (!canSend) return;
    const text = draft.trim();
    setDraft("");
    setProblem(undefined);
    field.current?.focus();
    try {
      await session.send(text);
    } catch (error) {
      setProblem(sentenceOf(error));
      setDraft((written) => (written === "" ? text : `${text}\n\n${written}`));
    }
  };
  const stop = async () => {
    setProblem(undefined);
    field.current?.focus();
    try {
      await session.cancel();
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    void send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // An input method uses Enter to accept what it suggests.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };

  return (
    <form className="composer" onSubmit={onSubmit}>
      {problem !== undefined && (
        <p className="composer-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="composer-box">
        <div className="composer-grow" data-draft={`${draft} `}>
          <textarea
            ref={field}
            aria-label="Message"
            placeholder={reason ?? (turn === undefined ? "Message" : "Queue a message")}
            rows={1}
            value={draft}
            disabled={reason !== undefined}
            enterKeyHint="send"
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={onKeyDown}
          />
        </div>
        {turn !== undefined && reason === undefined && (
          <button
            type="button"
            className="round-button"
            aria-label="Stop"
            title="Stop"
            disabled={turn.state === "cancelling"}
            onClick={() => void stop()}
          >
            <Square aria-hidden size={14} fill="currentColor" />
          </button>
        )}
        <button
          type="submit"
          className="round-button round-button-primary"
          aria-label="Send"
          title="Send (Enter)"
          disabled={!canSend}
        >
          <SendHorizontal aria-hidden size={17} />
        </button>
      </div>
    </form>
  );
}
