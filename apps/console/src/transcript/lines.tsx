import { CircleAlert, CircleSlash, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import type { TurnOutcome } from "perdure/protocol";
import type { Outcome } from "../session/memory.ts";

const OUTCOMES: Readonly<Record<TurnOutcome, { readonly icon: ReactNode; readonly text: string }>> =
  {
    completed: { icon: null, text: "Completed" },
    cancelled: { icon: <CircleSlash aria-hidden size={15} />, text: "Cancelled" },
    failed: { icon: <CircleAlert aria-hidden size={15} />, text: "Failed" },
    interrupted: {
      icon: <Unplug aria-hidden size={15} />,
      text: "Interrupted: the agent went away. The prompt is not run again by itself.",
    },
  };

/** How a turn ended, where that was not as hoped. */
export function OutcomeLine({ outcome }: { readonly outcome: Outcome }) {
  const { icon, text } = OUTCOMES[outcome.outcome];
  return (
    <p className="outcome" data-outcome={outcome.outcome}>
      {icon}
      <span>
        {text}
        {outcome.reason !== undefined && outcome.reason !== "" && ` (${outcome.reason})`}
      </span>
    </p>
  );
}

/** A prompt that the server has not confirmed. It is kept on this device and sent until it is. */
export function SendingPrompt({
  text,
  isOnline,
}: {
  readonly text: string;
  readonly isOnline: boolean;
}) {
  return (
    <div className="message" data-role="user" data-sending>
      <div className="message-body">
        <p className="prompt-text">{text}</p>
      </div>
      <footer className="message-footer">
        {isOnline ? "Sending…" : "Sending as soon as there is a connection…"}
      </footer>
    </div>
  );
}
