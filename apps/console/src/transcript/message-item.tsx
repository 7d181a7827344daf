import { FileText, Link2 } from "lucide-react";
import { memo } from "react";
import { isToolPart, type Message, type Part } from "perdure/protocol";
import type { SessionMessage } from "perdure/react";
import { clockTime, fullTime } from "../time.ts";
import { ContentsView } from "./contents-view.tsx";
import { Markdown } from "./markdown.tsx";
import { Reasoning } from "./reasoning.tsx";
import { textPartOf, urlPartOf } from "./part-fields.ts";
import { ToolCard } from "./tool-card.tsx";

/** One message. A finished one keeps its identity, so it renders once. */
export const MessageItem = memo(function MessageItem({
  message,
  queued,
  onWithdraw,
}: {
  readonly message: SessionMessage;
  readonly queued: string | undefined;
  readonly onWithdraw: (turn: string) => void;
}) {
  const { at } = message;
  const isOpen = at === undefined;
  return (
    <article
      className="message"
      data-message-id={message.id}
      data-role={message.role}
      aria-label={message.role === "user" ? "Prompt" : "Reply"}
      aria-busy={isOpen}
    >
      <div className="message-body">
        {message.parts.map((part, index) => (
          // Parts are only ever appended, so their place is their identity.
          // oxlint-disable-next-line react/no-array-index-key
          <PartView key={index} part={part} role={message.role} isOpen={isOpen} />
        ))}
      </div>
      {queued !== undefined && (
        <footer className="message-footer">
          Queued
          <button type="button" className="text-button" onClick={() => onWithdraw(queued)}>
            Withdraw
          </button>
        </footer>
      )}
      {queued === undefined && message.role === "user" && at !== undefined && (
        <footer className="message-footer">
          <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
            {clockTime(at)}
          </time>
        </footer>
      )}
    </article>
  );
});

const PartView = memo(function PartView({
  part,
  role,
  isOpen,
}: {
  readonly part: Part;
  readonly role: Message["role"];
  readonly isOpen: boolean;
}) {
  if (isToolPart(part)) return <ToolCard part={part} isOpen={isOpen} />;
  switch (part.type) {
    case "text": {
      const { text, isStreaming } = textPartOf(part);
      if (role === "user") return <p className="prompt-text">{text}</p>;
      return text === "" ? null : <Markdown text={text} isStreaming={isStreaming} />;
    }
    case "reasoning": {
      const { text, isStreaming } = textPartOf(part);
      return <Reasoning text={text} isStreaming={isStreaming} />;
    }
    case "file":
    case "reasoning-file":
    case "source-url":
    case "source-document": {
      const { label, url } = urlPartOf(part);
      return (
        <p className="attachment">
          {part.type === "source-url" ? (
            <Link2 aria-hidden size={15} />
          ) : (
            <FileText aria-hidden size={15} />
          )}
          {url === undefined ? (
            label
          ) : (
            <a href={url} target="_blank" rel="noopener noreferrer nofollow">
              {label}
            </a>
          )}
        </p>
      );
    }
    case "step-start":
      return null;
    case "custom":
    case "steering-message":
    default:
      return <DataView part={part} />;
  }
});

/** A part with no form of its own: folded, and never left out. */
function DataView({ part }: { readonly part: Part }) {
  const value = "data" in part ? part.data : part;
  return (
    <details className="data-part">
      <summary>{part.type}</summary>
      <ContentsView value={value} label="Data" />
    </details>
  );
}
