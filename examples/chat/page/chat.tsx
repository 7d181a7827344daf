import type { Approval, Message } from "perdure/protocol";
import { isToolPart, textOf, toolNameOf } from "perdure/protocol";
import { useAgent } from "perdure/react";
import { useState } from "react";

/** A session: what was said, what is asked, and a line to say more. */
export function Chat({ name }: { readonly name: string }) {
  const { messages, send, cancel, approvals, approve, status, link, error } = useAgent({ name });
  const [draft, setDraft] = useState("");
  return (
    <main>
      <ol aria-label="Conversation">
        {messages.map((message) => (
          <li key={message.id} className={`${message.role} ${message.pending ? "pending" : ""}`}>
            <Parts message={message} />
          </li>
        ))}
      </ol>
      {approvals.map((approval) => (
        <Question key={approval.approval} approval={approval} decide={approve} />
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(draft);
          setDraft("");
        }}
      >
        <input
          aria-label="Message"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
        />
        <button type="submit" disabled={draft === ""}>
          Send
        </button>
        <button type="button" disabled={status === "idle"} onClick={() => void cancel()}>
          Stop
        </button>
      </form>
      <p>
        <output>{link === "live" ? status : link}</output>
      </p>
    </main>
  );
}

function Parts({ message }: { readonly message: Message }) {
  return (
    <>
      {message.parts.filter(isToolPart).map((part) => (
        <p key={part.toolCallId}>
          <code>{toolNameOf(part)}</code>{" "}
          {JSON.stringify(part.output ?? part.errorText ?? part.state)}
        </p>
      ))}
      {textOf(message)}
    </>
  );
}

function Question(props: {
  readonly approval: Approval;
  readonly decide: (approval: string, option: string) => unknown;
}) {
  const { approval, title, input, options } = props.approval;
  return (
    <fieldset>
      <legend>{title}</legend>
      <pre>{JSON.stringify(input, undefined, 2)}</pre>
      {options.map(({ id, name }) => (
        <button key={id} type="button" onClick={() => props.decide(approval, id)}>
          {name}
        </button>
      ))}
    </fieldset>
  );
}
