import { Component, startTransition, Suspense, useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import {
  SessionProvider,
  shallow,
  useAgent,
  useSession,
  useSessions,
  useSuspenseSession,
  type SessionList,
  type SessionOptions,
} from "perdure/react";
import { Chat, Composer, Messages } from "./chat.tsx";

/** What a test looks at beside the page itself. */
declare global {
  // `var` is the only way to declare a global.
  // oxlint-disable-next-line eslint/no-var
  var renders: Record<string, number>;
}

globalThis.renders = {};

/** Says how often it was rendered, and what. */
function Counted({ of: name, children }: { readonly of: string; readonly children: ReactNode }) {
  // Each render is what is counted.
  // oxlint-disable-next-line react/immutability
  globalThis.renders[name] = (globalThis.renders[name] ?? 0) + 1;
  return children;
}

/** The whole session, three parts of it, and a composer that needs none. */
function Counts(options: SessionOptions) {
  return (
    <>
      <Whole {...options} />
      <Length {...options} />
      <Status {...options} />
      <Ids {...options} />
      <Sender {...options} />
    </>
  );
}

function Whole(options: SessionOptions) {
  const { messages, link } = useSession(options);
  return (
    <Counted of="whole">
      <main data-link={link}>
        <Messages messages={messages} />
      </main>
    </Counted>
  );
}

function Length(options: SessionOptions) {
  return <Counted of="length">{useSession(options, ({ messages }) => messages.length)}</Counted>;
}

function Status(options: SessionOptions) {
  const status = useSession(options, (session) => session.status);
  return (
    <Counted of="status">
      <i data-status={status}>{status}</i>
    </Counted>
  );
}

function Ids(options: SessionOptions) {
  const ids = useSession(options, ({ messages }) => messages.map(({ id }) => id), shallow);
  return <Counted of="ids">{ids.join(" ")}</Counted>;
}

function Sender(options: SessionOptions) {
  const send = useAgent(options, (session) => session.send);
  return (
    <Counted of="send">
      <Composer onSend={send} />
    </Counted>
  );
}

/** Many components that show the same text; most of them come later, in a slow render that others interrupt. */
function Many(options: SessionOptions) {
  const [count, setCount] = useState(2);
  return (
    <>
      <button type="button" onClick={() => startTransition(() => setCount(300))}>
        More
      </button>
      <Sender {...options} />
      <Status {...options} />
      {Array.from({ length: count }, (_, index) => (
        <Echo key={index} {...options} />
      ))}
    </>
  );
}

function Echo(options: SessionOptions) {
  const text = useSession(options, ({ messages }) =>
    messages.map(({ parts }) => JSON.stringify(parts)).join(" "),
  );
  work(1);
  return <p className="echo">{text}</p>;
}

/** Takes so many milliseconds. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Waits for the session. */
function Waiting(options: SessionOptions) {
  return (
    <ErrorBoundary>
      <Suspense fallback={<p>Loading</p>}>
        <Loaded {...options} />
      </Suspense>
    </ErrorBoundary>
  );
}

function Loaded(options: SessionOptions) {
  const { messages, link } = useSuspenseSession(options);
  const [first] = useState(() => `${link} ${messages.length}`);
  return <p data-loaded>{first}</p>;
}

class ErrorBoundary extends Component<{ readonly children: ReactNode }> {
  override readonly state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <>
        <p role="alert">{error.message}</p>
        <button type="button" onClick={() => this.setState({ error: undefined })}>
          Again
        </button>
      </>
    );
  }
}

/** Sends at once, before it can know whether the session exists. */
function Eager(options: SessionOptions) {
  const { messages, send, link, error } = useSession(options);
  const isSent = useRef(false);
  useEffect(() => {
    if (!isSent.current) void send("tokens=5 rate=0 at once");
    isSent.current = true;
  }, [send]);
  return (
    <main data-link={link}>
      <Messages messages={messages} />
      {error !== undefined && <p role="alert">{`${error.code}: ${error.message}`}</p>}
    </main>
  );
}

/** A session that is shown or not. */
function Hideable(options: SessionOptions) {
  const [isShown, setShown] = useState(true);
  return (
    <>
      <button type="button" onClick={() => setShown((is) => !is)}>
        Toggle
      </button>
      {isShown && <Length {...options} />}
    </>
  );
}

/** The list of sessions, twice, and how many there are. */
function Listed() {
  const { sessions, hasMore, loadMore, link } = useSessions({ limit: 2 });
  const count = useSessions({ limit: 2 }, (list) => list.sessions?.length);
  return (
    <main data-link={link}>
      <Lines sessions={sessions} />
      <Newest />
      <output>{count}</output>
      {hasMore && (
        <button type="button" onClick={loadMore}>
          More
        </button>
      )}
    </main>
  );
}

function Lines({ sessions }: Pick<SessionList, "sessions">) {
  return (
    <ol>
      {sessions?.map(({ id, title, status }) => (
        <li key={id}>{`${title ?? id}: ${status}`}</li>
      ))}
    </ol>
  );
}

function Newest() {
  const newest = useSessions({ limit: 2 }, ({ sessions }) => sessions?.[0]?.id);
  return <Counted of="newest">{newest}</Counted>;
}

const VIEWS = { Listed, Chat, Counts, Many, Waiting, Eager, Hideable };

/** The view that the address asks for, with the options that it gives. */
export function View({ address }: { readonly address: URL }) {
  const parameter = (name: string) => address.searchParams.get(name) ?? undefined;
  const Shown = VIEWS[(parameter("view") ?? "Chat") as keyof typeof VIEWS];
  return (
    <SessionProvider token={parameter("token")} create={parameter("create") !== "false"}>
      <Shown name={parameter("name") ?? ""} />
    </SessionProvider>
  );
}
