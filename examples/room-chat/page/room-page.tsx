import type { QueuedEvent } from "perdure/client";
import type { SubmitEvent } from "react";
import type { Message } from "../src/contract.ts";
import { contract, ROOMS } from "../src/contract.ts";
import { useRoom } from "./use-room.ts";

/** A room: who is here, what was said, and what one likes. */
export function RoomPage({ room }: { readonly room: string }) {
  const { client, messages, settings, link, problem, queue, members } = useRoom(room);
  if (problem !== undefined) return <p role="alert">{problem.detail}</p>;
  if (settings === undefined) return <p>Connecting …</p>;

  const say = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = fieldOf(event.currentTarget, "text");
    if (text === "") return;
    void client.emit("say", { id: crypto.randomUUID(), text });
    event.currentTarget.reset();
  };
  const rename = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    void client.emit("set", { name: fieldOf(event.currentTarget, "name") });
  };
  const other = settings.theme === "light" ? "dark" : "light";

  return (
    <div className={`app ${settings.theme}`}>
      <header>
        <nav>
          {ROOMS.map((name) => (
            <a key={name} href={`#${name}`} aria-current={name === room ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <output>{link}</output>
      </header>
      <aside>
        <h2>Here</h2>
        <ul aria-label="Here">
          {members.map(({ userId, meta }) => (
            <li key={userId}>{nameIn(meta) ?? userId}</li>
          ))}
        </ul>
        <form key={settings.name} onSubmit={rename}>
          <input name="name" aria-label="Your name" defaultValue={settings.name} maxLength={40} />
        </form>
        <button type="button" onClick={() => void client.emit("set", { theme: other })}>
          {other}
        </button>
        <p>You have said {settings.said}.</p>
      </aside>
      <main>
        <ol aria-label="Messages">
          {messages.map(({ id, name, text, at }) => (
            <li key={id}>
              <b>{name}</b> <time>{new Date(at).toLocaleTimeString()}</time> {text}
            </li>
          ))}
          {unsaidIn(queue, messages).map(({ id, text }) => (
            <li key={id} className="pending">
              {text}
            </li>
          ))}
        </ol>
        <form onSubmit={say}>
          <input name="text" aria-label="Message" autoComplete="off" maxLength={2_000} />
          <button type="submit">Send</button>
        </form>
      </main>
    </div>
  );
}

/** What waits to be said, but for what is here already and only lacks its answer. */
function unsaidIn(queue: readonly QueuedEvent[], messages: readonly Message[]) {
  const here = new Set(messages.map(({ id }) => id));
  return queue
    .filter(({ event }) => event === "say")
    .map(({ data }) => contract.clientEvents.say.parse(data))
    .filter(({ id }) => !here.has(id));
}

function fieldOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** The name that a member joined with. */
function nameIn(meta: unknown): string | undefined {
  const isNamed = typeof meta === "object" && meta !== null && "name" in meta;
  return isNamed && typeof meta.name === "string" ? meta.name : undefined;
}
