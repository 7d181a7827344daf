import { useState } from "react";
import { useAgent, type Session } from "perdure/react";

/** A chat, with nothing but what the one line gives. */
export function Chat({ name }: { readonly name: string }) {
  const { messages, send, cancel, approvals, approve, status, link, error } = useAgent({ name });
  return (
    <main data-link={link} data-status={status}>
      <Messages messages={messages} />
      {approvals.map(({ approval, title, options }) => (
        <fieldset key={approval}>
          <legend>{title}</legend>
          {options.map(({ id, name }) => (
            <button key={id} type="button" onClick={() => void approve(approval, id)}>
              {name}
            </button>
          ))}
        </fieldset>
      ))}
      {error !== undefined && <p role="alert">{`${error.code}: ${error.message}`}</p>}
      <Composer onSend={send} />
      <button type="button" onClick={() => void cancel()}>
        Stop
      </button>
    </main>
  );
}

export function Messages({ messages }: Pick<Session, "messages">) {
  return (
    <ol>
      {messages.map(({ id, role, parts, pending }) => (
        <li key={id} data-role={role} data-pending={pending}>
          {parts.map((part) => ("text" in part ? String(part.text) : "")).join("")}
        </li>
      ))}
    </ol>
  );
}

export function Composer({ onSend }: { readonly onSend: (text: string) => unknown }) {
  const [text, setText] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSend(text);
        setText("");
      }}
    >
      <input aria-label="Message" value={text} onChange={({ target }) => setText(target.value)} />
      <button type="submit">Send</button>
    </form>
  );
}
