import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { TokenRequest } from "../src/auth/index.ts";
import { createApp } from "../src/http/index.ts";
import type { RunnerEvent, RunnerServerFrame, ServerFrame } from "../src/protocol/index.ts";
import { bearer, ORIGIN, post, refusalOf, SECRET } from "./http-fakes.ts";

const app = createApp<typeof env>({
  sessions: ({ SESSION_DO }) => SESSION_DO,
  index: ({ SESSION_INDEX }) => SESSION_INDEX,
  logins: ({ LOGINS }) => LOGINS,
  secrets: () => SECRET,
});

const send = async (path: string, init?: RequestInit): Promise<Response> =>
  app.fetch(new Request(new URL(path, ORIGIN), init), env);

const get = async (path: string, request?: Partial<TokenRequest>) =>
  send(path, { headers: await bearer(request) });

/** Creates a session of that name and returns the path of its routes. */
async function create(id: string): Promise<string> {
  const response = await send("/v1/sessions", post({ id }, await bearer({ role: "admin" })));
  expect(response.status).toBe(201);
  return `/v1/sessions/${id}`;
}

/** Opens a socket and collects what it hears. */
async function connect(path: string, request: Partial<TokenRequest>) {
  const headers = { ...(await bearer(request)), upgrade: "websocket" };
  const response = await send(path, { headers });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`no socket: ${response.status}`);
  const heard: unknown[] = [];
  socket.addEventListener("message", ({ data }) => {
    heard.push(JSON.parse(String(data)));
  });
  socket.accept();
  return { socket, heard, say: (frame: unknown) => socket.send(JSON.stringify(frame)) };
}

/** Connects a runner that says hello and waits for its welcome. */
async function connectRunner(session: string) {
  const runner = await connect(`${session}/runner`, { role: "runner" });
  runner.say({ t: "hello", v: 1, process: "p", spool: "sp", first: 1 });
  const welcome = await vi.waitFor(() => {
    const frame = (runner.heard as RunnerServerFrame[]).find(({ t }) => t === "welcome");
    if (frame?.t !== "welcome") throw new Error("no welcome yet");
    return frame;
  });
  let r = 1;
  return {
    ...runner,
    epoch: welcome.epoch,
    write(...events: RunnerEvent[]) {
      runner.say({ t: "events", epoch: welcome.epoch, r, e: events });
      r += events.length;
    },
    isAcknowledged: () =>
      (runner.heard as RunnerServerFrame[]).some((frame) => frame.t === "ack" && frame.r === r - 1),
  };
}

/** Opens a stream and reads messages from it. */
async function stream(session: string, headers: Record<string, string> = {}) {
  const response = await send(`${session}/events`, {
    headers: { ...(await bearer()), accept: "text/event-stream", ...headers },
  });
  expect(response.status).toBe(200);
  if (response.body === null) throw new Error("no stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const positionsUntil = async (expected: string) => {
    while (!text.includes(expected)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream ended before ${expected}`);
      text += value;
    }
    return [...text.matchAll(/^id: (\d+)$/gm)].map(([, position]) => Number(position));
  };
  return { reader, positionsUntil };
}

/** The numbers from `first` to `last`. */
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("a session is created, described and listed for its owner alone", async () => {
  const session = await create("http-listed");
  const info = await (await get(session)).json<{ id: string; head: number }>();
  expect(info).toMatchObject({ id: "http-listed", lifecycle: "active", createdBy: "ada" });
  await vi.waitFor(async () => {
    const { sessions } = await (await get("/v1/sessions")).json<{ sessions: { id: string }[] }>();
    expect(sessions.map(({ id }) => id)).toContain("http-listed");
  });
  const other = await get("/v1/sessions", { subject: "nobody-else" });
  expect(await other.json()).toMatchObject({ sessions: [] });
});

test("another owner's session is not created again", async () => {
  await create("http-taken");
  const headers = await bearer({ role: "admin", subject: "bob" });
  const response = await send("/v1/sessions", post({ id: "http-taken" }, headers));
  expect(await refusalOf(response)).toEqual([409, "session_exists"]);
});

test("a session that was never created is not found on any route, and nothing is written", async () => {
  const path = "/v1/sessions/http-never";
  for (const route of ["", "/messages", "/approvals", "/events"])
    expect(await refusalOf(await get(path + route))).toEqual([404, "session_not_found"]);
  const stream = await send(`${path}/events`, {
    headers: { ...(await bearer()), accept: "text/event-stream" },
  });
  expect(await refusalOf(stream)).toEqual([404, "session_not_found"]);
  const prompt = await send(`${path}/messages`, post({ id: "p", text: "hi" }, await bearer()));
  expect(await refusalOf(prompt)).toEqual([404, "session_not_found"]);
  const tables = await runInDurableObject(
    env.SESSION_DO.getByName("http-never"),
    (_object, { storage }) =>
      storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'")
        .toArray(),
  );
  expect(tables).toEqual([]);
});

test("a prompt sent again has one effect and the same answer, across an eviction too", async () => {
  const session = await create("prompted");
  const prompt = async (text: string) =>
    send(`${session}/messages`, post({ id: "p1", text }, await bearer()));
  const first = await prompt("hi");
  expect(first.status).toBe(202);
  const accepted = await first.json();
  await evictDurableObject(env.SESSION_DO.getByName("prompted"));
  const second = await prompt("hi");
  expect([second.status, await second.json()]).toEqual([202, accepted]);
  expect(await refusalOf(await prompt("something else"))).toEqual([409, "id_reused"]);
  const { messages } = await (await get(`${session}/messages`)).json<{ messages: unknown[] }>();
  expect(messages.length).toBe(1);
});

test("a stream has every durable event once, and one that resumes exactly the rest", async () => {
  const session = await create("streamed");
  const live = await stream(session);
  const runner = await connectRunner(session);
  runner.write(
    { type: "start", messageId: "m1" },
    { type: "text-start", id: "t" },
    ...["one ", "two ", "three"].map((delta) => ({ type: "text-delta" as const, id: "t", delta })),
    { type: "text-end", id: "t" },
    { type: "finish" },
  );
  const positions = await live.positionsUntil(`"finish"`);
  const head = positions.at(-1) ?? 0;
  expect(positions).toEqual(range(1, head));
  const inMidText = head - 3;
  const resumed = await stream(session, { "last-event-id": String(inMidText) });
  expect(await resumed.positionsUntil(`"finish"`)).toEqual(range(inMidText + 1, head));
  const page = await (
    await get(`${session}/events?after=${inMidText}`)
  ).json<{
    events: { position: number }[];
    next: number;
  }>();
  expect(page.events.map(({ position }) => position)).toEqual(range(inMidText + 1, head));
  expect(page.next).toBe(head);
  await live.reader.cancel();
  await resumed.reader.cancel();
  runner.socket.close();
});

test("a stream goes on after the object was evicted", async () => {
  const session = await create("evicted-stream");
  const { positionsUntil, reader } = await stream(session);
  await positionsUntil("session.created");
  await evictDurableObject(env.SESSION_DO.getByName("evicted-stream"));
  await send(`${session}/messages`, post({ id: "p1", text: "hi" }, await bearer()));
  const positions = await positionsUntil("turn.queued");
  expect(positions).toEqual(range(1, positions.length));
  await reader.cancel();
});

test("a reader that cancels its stream leaves no socket on the object", async () => {
  const session = await create("cancelled-stream");
  const { reader, positionsUntil } = await stream(session);
  await positionsUntil("session.created");
  await reader.cancel();
  await vi.waitFor(async () => {
    const open = await runInDurableObject(
      env.SESSION_DO.getByName("cancelled-stream"),
      (_object, state) => state.getWebSockets().length,
    );
    expect(open).toBe(0);
  });
});

test("a cursor past the head gets a page's error with the facts, and a stream's reset", async () => {
  const session = await create("reset");
  const page = await get(`${session}/events?after=99`);
  expect(page.status).toBe(400);
  expect(await page.json()).toMatchObject({ code: "bad_request", head: 1, floor: 0 });
  const { positionsUntil, reader } = await stream(session, { "last-event-id": "99" });
  await positionsUntil("event: reset");
  await reader.cancel();
});

test("a viewer's socket reads and may not command", async () => {
  const session = await create("viewed");
  const { heard, say, socket } = await connect(`${session}/ws`, { role: "viewer" });
  say({ t: "hello", v: 1, after: 0 });
  await vi.waitFor(() =>
    expect((heard as ServerFrame[]).map(({ t }) => t)).toEqual(["welcome", "events", "live"]),
  );
  say({ t: "command", id: "c1", command: { op: "prompt", parts: [{ type: "text", text: "hi" }] } });
  await vi.waitFor(() => expect(JSON.stringify(heard.at(-1))).toContain(`"forbidden"`));
  socket.close();
});

test("an approval is decided once, from wherever the first decision comes", async () => {
  const session = await create("approved");
  const prompt = post({ id: "p1", text: "edit" }, await bearer());
  const { turn } = await (await send(`${session}/messages`, prompt)).json<{ turn: string }>();
  const runner = await connectRunner(session);
  const agent = { name: "test" };
  runner.write({ type: "runner.started", epoch: runner.epoch, agent, restored: "new", at: 1 });
  const { command } = await vi.waitFor(() => {
    const frame = (runner.heard as RunnerServerFrame[]).find(({ t }) => t === "command");
    if (frame?.t !== "command") throw new Error("no command yet");
    return frame.command;
  });
  runner.write(
    { type: "command.begun", command, at: 1 },
    {
      type: "approval.requested",
      approval: "a1",
      turn,
      kind: "edit",
      title: "Edit",
      input: {},
      options: [
        { id: "yes", name: "Yes", kind: "allow_once" },
        { id: "no", name: "No", kind: "reject_once" },
      ],
      at: 1,
    },
  );
  await vi.waitFor(() => expect(runner.isAcknowledged()).toBe(true));
  const pending = await get(`${session}/approvals?state=pending`);
  expect(await pending.json()).toMatchObject({ approvals: [{ approval: "a1" }] });
  const decide = async (option: string, subject: string) =>
    send(`${session}/approvals/a1`, post({ option }, await bearer({ subject })));
  expect((await decide("yes", "ada")).status).toBe(200);
  expect(await refusalOf(await decide("no", "bob"))).toEqual([409, "already_decided"]);
  runner.socket.close();
});
