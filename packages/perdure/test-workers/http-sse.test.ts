import { afterEach, expect, test, vi } from "vitest";
import type { Snapshot } from "../src/protocol/index.ts";
import { appOver, bearer, refusalOf, say } from "./http-fakes.ts";

const I = "incarnation-1";
const WELCOME = {
  t: "welcome",
  v: 1,
  i: I,
  session: "s1",
  subject: "ann",
  role: "participant",
  d: 0,
  floor: 0,
  now: 1,
} as const;

const SNAPSHOT: Snapshot = {
  position: 40,
  lifecycle: "active",
  paused: undefined,
  createdBy: "ada",
  createdAt: 1,
  time: 1,
  meta: {},
  messages: [],
  hasEarlier: false,
  turns: [],
  tasks: [],
  runner: undefined,
  lastOutcome: undefined,
};

afterEach(() => {
  vi.useRealTimers();
});

/** Opens a stream on a fake object, which notes what it hears and says `WELCOME` first. */
async function openUnread(path = "/v1/sessions/s1/events", headers: Record<string, string> = {}) {
  const { send, sessions } = appOver();
  const abort = new AbortController();
  const pending = send(path, {
    headers: { ...(await bearer()), accept: "text/event-stream", ...headers },
    signal: abort.signal,
  });
  await vi.waitFor(() => expect(sessions.sockets.length).toBe(1));
  const [opened] = sessions.sockets;
  if (opened === undefined) throw new Error("no socket was opened");
  const { socket, connection, heard } = opened;
  let closed = false;
  socket.addEventListener("close", () => {
    closed = true;
  });
  say(socket, WELCOME);
  return { response: await pending, socket, connection, heard, abort, isClosed: () => closed };
}

/** Opens a stream and reads it as text. */
async function open(...parameters: Parameters<typeof openUnread>) {
  const opened = await openUnread(...parameters);
  const { response } = opened;
  if (response.body === null) throw new Error("no stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  /** Reads until the stream holds a text; fails where it ends before. */
  const until = async (expected: string) => {
    while (!text.includes(expected)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream ended before ${expected}:\n${text}`);
      text += value;
    }
    return text;
  };
  return { ...opened, reader, until };
}

test("a stream is events with their positions, one message each", async () => {
  const { response, socket, connection, heard, until } = await open();
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(connection).toMatchObject({ kind: "dialect", subject: "ada", role: "participant" });
  say(socket, {
    t: "events",
    i: I,
    p: 1,
    d: 4,
    e: [
      { type: "text-start", id: "t" },
      { type: "text-delta", id: "t", delta: "Hi you", splits: [2, 4] },
      { type: "text-end", id: "t" },
    ],
  });
  expect(await until("text-end")).toBe(
    [
      "retry: 2000\n\n",
      `id: 1\ndata: {"type":"text-start","id":"t","position":1}\n\n`,
      `id: 2\ndata: {"type":"text-delta","id":"t","delta":"Hi","position":2}\n\n`,
      `id: 3\ndata: {"type":"text-delta","id":"t","delta":" you","position":3}\n\n`,
      `id: 4\ndata: {"type":"text-end","id":"t","position":4}\n\n`,
    ].join(""),
  );
  expect(heard).toEqual([{ t: "hello", v: 1, after: 0 }]);
});

test("a bare text goes on with the run before it", async () => {
  const { socket, until } = await open();
  const delta = { type: "text-delta", id: "t", delta: "one" } as const;
  say(socket, { t: "events", i: I, p: 1, d: 1, e: [delta] });
  say(socket, " two");
  expect(await until("two")).toContain(
    `id: 2\ndata: {"type":"text-delta","id":"t","delta":" two","position":2}`,
  );
});

test("a stream begins after the last id, which counts more than the query", async () => {
  expect((await open("/v1/sessions/s1/events?after=3")).heard).toEqual([
    { t: "hello", v: 1, after: 3 },
  ]);
  const { heard } = await open("/v1/sessions/s1/events?after=3", { "last-event-id": "17" });
  expect(heard).toEqual([{ t: "hello", v: 1, after: 17 }]);
});

test("a cursor that retention has passed gets a reset with the state and its position", async () => {
  const { socket, until } = await open("/v1/sessions/s1/events?after=3");
  say(socket, { t: "snapshot", i: I, why: "reset", snapshot: SNAPSHOT });
  say(socket, { t: "events", i: I, p: 41, d: 41, e: [{ type: "finish" }] });
  const text = await until("finish");
  expect(text).toContain(`event: reset\nid: 40\ndata: {"position":40,`);
  expect(text).toContain(`id: 41\ndata: {"type":"finish","position":41}`);
});

test("an event that was sent before is not sent again", async () => {
  const { socket, until } = await open("/v1/sessions/s1/events?after=5");
  const e = [{ type: "start-step" }, { type: "finish-step" }, { type: "finish" }] as const;
  say(socket, { t: "events", i: I, p: 5, d: 7, e });
  expect(await until('finish"')).not.toContain("start-step");
});

test("a gap ends the stream, so that the reader resumes", async () => {
  const { socket, reader, isClosed } = await open();
  say(socket, { t: "events", i: I, p: 9, d: 9, e: [{ type: "finish" }] });
  let read = await reader.read();
  while (!read.done) read = await reader.read();
  await vi.waitFor(() => expect(isClosed()).toBe(true));
});

test("a quiet stream gets a comment every twelve seconds", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const { until } = await open();
  await until("retry");
  await vi.advanceTimersByTimeAsync(12_000);
  expect(await until(": keep-alive\n\n")).not.toContain("data");
});

test("a reader that takes nothing for a minute is dropped", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const { response, socket, isClosed } = await openUnread();
  say(socket, { t: "events", i: I, p: 1, d: 1, e: [{ type: "finish" }] });
  await vi.advanceTimersByTimeAsync(60_000);
  await vi.waitFor(() => expect(isClosed()).toBe(true));
  await expect(response.text()).rejects.toThrow("takes nothing");
});

test("a reader that cancels closes the object's socket", async () => {
  const { reader, isClosed, until } = await open();
  await until("retry");
  await reader.cancel();
  await vi.waitFor(() => expect(isClosed()).toBe(true));
});

test("a request that is aborted closes the object's socket", async () => {
  const { abort, isClosed, until } = await open();
  await until("retry");
  abort.abort();
  await vi.waitFor(() => expect(isClosed()).toBe(true));
});

test("when the object closes, what was on its way still arrives and the stream ends", async () => {
  const { socket, reader, until } = await open();
  say(socket, { t: "events", i: I, p: 1, d: 1, e: [{ type: "finish" }] });
  socket.close(1001, "going away");
  await until("finish");
  expect((await reader.read()).done).toBe(true);
});

test("what was passed on is acknowledged, and what waits for the reader is not", async () => {
  const { socket, heard, until, reader } = await open();
  const delta = "x".repeat(400_000);
  for (const p of [1, 2, 3, 4, 5, 6, 7, 8])
    say(socket, { t: "events", i: I, p, d: 9, e: [{ type: "text-delta", id: "t", delta }] });
  say(socket, { t: "events", i: I, p: 9, d: 9, e: [{ type: "finish" }] });
  await until("id: 1\n");
  await vi.waitFor(() => expect(heard).toContainEqual({ t: "ack", d: 1 }));
  expect(heard).not.toContainEqual({ t: "ack", d: 7 });
  await until(`"finish"`);
  await vi.waitFor(() => expect(heard).toContainEqual({ t: "ack", d: 8 }));
  await reader.cancel();
});

test("a session that refuses the reader answers with its problem", async () => {
  const { send, sessions } = appOver();
  const headers = { ...(await bearer()), accept: "text/event-stream" };
  const request = send("/v1/sessions/s1/events", { headers });
  await vi.waitFor(() => expect(sessions.sockets.length).toBe(1));
  const socket = sessions.sockets[0]?.socket;
  if (socket === undefined) throw new Error("no socket was opened");
  say(socket, { t: "error", i: I, error: { code: "session_not_found", detail: "No session." } });
  socket.close(4404, "no session");
  expect(await refusalOf(await request)).toEqual([404, "session_not_found"]);
});

test("a socket that closes before its welcome answers with what the close code means", async () => {
  const { send, sessions } = appOver();
  const headers = { ...(await bearer()), accept: "text/event-stream" };
  const request = send("/v1/sessions/s1/events", { headers });
  await vi.waitFor(() => expect(sessions.sockets.length).toBe(1));
  sessions.sockets[0]?.socket.close(4401, "expired");
  expect(await refusalOf(await request)).toEqual([401, "unauthorized"]);
});

test.for(["x", "-1", "1.5"])("%j is no cursor", async (id) => {
  const { send } = appOver();
  const headers = { ...(await bearer()), accept: "text/event-stream", "last-event-id": id };
  expect(await refusalOf(await send("/v1/sessions/s1/events", { headers }))).toEqual([
    400,
    "bad_request",
  ]);
});
