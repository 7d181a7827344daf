import { createElement, Suspense } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import type { Session } from "../../src/react/index.ts";
import {
  SessionProvider,
  useAgent,
  useClientState,
  useSession,
  useSessions,
  useSuspenseSession,
} from "../../src/react/index.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The session that a server's render gives to a component. */
function drawn(use: () => unknown): unknown {
  let session: unknown;
  const Component = () => {
    session = use();
    return null;
  };
  renderToString(
    createElement(SessionProvider, { url: "https://perdure.example" }, createElement(Component)),
  );
  return session;
}

test("U10 on a server a session is empty, and nothing is connected, stored or timed", () => {
  vi.useFakeTimers();
  const connect = vi.fn<() => void>();
  vi.stubGlobal("WebSocket", connect);
  const { send, ...session } = drawn(() => useSession({ name: "s" })) as Session;
  expect(session).toMatchObject({
    name: "s",
    messages: [],
    hasEarlier: false,
    status: "idle",
    approvals: [],
    tasks: [],
    meta: {},
    presence: { runner: null, people: [] },
    link: "idle",
    error: undefined,
  });
  expect(send).toBeTypeOf("function");
  expect(drawn(() => useSession({ name: "s" }, ({ messages }) => messages.length))).toBe(0);
  expect(drawn(() => useClientState({ name: "s" }))).toMatchObject({ link: "idle", cursor: 0 });
  expect(connect).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const Chat = () => createElement("p", {}, useSuspenseSession({ name: "s" }).status);

test("U10 on a server a component that waits for its session leaves the fallback", () => {
  const page = createElement(
    Suspense,
    { fallback: createElement("i", {}, "Loading") },
    createElement(Chat),
  );
  expect(renderToString(page)).toContain("<i>Loading</i>");
});

test("U16 on a server there is no list yet, and nothing is connected", () => {
  vi.useFakeTimers();
  const connect = vi.fn<() => void>();
  vi.stubGlobal("WebSocket", connect);
  expect(drawn(() => useSessions())).toMatchObject({
    sessions: undefined,
    hasMore: false,
    link: "idle",
    error: undefined,
  });
  expect(drawn(() => useSessions({}, ({ link }) => link))).toBe("idle");
  expect(connect).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test("U1 useAgent is useSession", () => {
  expect(useAgent).toBe(useSession);
});
