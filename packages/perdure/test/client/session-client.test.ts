import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SessionClient } from "../../src/client/index.ts";
import { ACKNOWLEDGE_AFTER_BYTES } from "../../src/protocol/index.ts";
import { clientOf, goLive, liveClient, pass, settle, useSimulatedTime } from "./client-setup.ts";
import { FakeServer } from "./fake-server.ts";
import {
  created,
  delta,
  events,
  head,
  live,
  meta,
  snapshot,
  textStart,
  welcome,
} from "./frames.ts";

useSimulatedTime();

test("a client connects only when told to, and once", async () => {
  const server = new FakeServer();
  const client = clientOf(server);
  await settle();
  expect(client.getState().link).toBe("idle");
  expect(server.connections).toHaveLength(0);
  client.connect();
  client.connect();
  expect(client.getState().link).toBe("connecting");
  await settle();
  client.connect();
  await settle();
  expect(server.connections).toHaveLength(1);
});

test("the link is catching up from the open connection to the live frame", async () => {
  const server = new FakeServer();
  const client = clientOf(server);
  client.connect();
  await settle();
  expect(server.connection.received).toEqual([{ t: "hello", v: 1, after: 0 }]);
  expect(client.getState().link).toBe("catching-up");
  server.connection.push(welcome(1));
  server.connection.push(events(1, [created], 1));
  expect(client.getState().link).toBe("catching-up");
  server.connection.push(live(1));
  expect(client.getState()).toMatchObject({
    link: "live",
    role: "participant",
    cursor: 1,
    session: { lifecycle: "active", createdBy: "ann" },
  });
});

test("the address is the session's socket, below any path that the server has", async () => {
  const server = new FakeServer();
  clientOf(server, { url: "https://example.com/perdure", session: "a b/c" }).connect();
  await settle();
  expect(server.connection.url).toBe("wss://example.com/perdure/v1/sessions/a%20b%2Fc/ws");
  expect(server.connection.protocols).toEqual([]);
});

test("a token travels as a subprotocol, and a function is asked before each connection", async () => {
  const server = new FakeServer();
  let count = 0;
  clientOf(server, { token: () => `t${(count += 1)}` }).connect();
  await settle();
  expect(server.connection.protocols).toEqual(["perdure", "perdure.token.t1"]);
  server.connection.drop();
  await pass(1_100);
  expect(server.connections).toHaveLength(2);
  expect(server.connection.protocols).toEqual(["perdure", "perdure.token.t2"]);
});

test("without a URL or a WebSocket the constructor says what to pass", () => {
  const { WebSocket } = new FakeServer();
  expect(() => new SessionClient({ session: "s", WebSocket })).toThrow(/address as `url`/);
  vi.stubGlobal("WebSocket", undefined);
  try {
    expect(() => new SessionClient({ session: "s", url: "http://a" })).toThrow(
      /Pass a `WebSocket`/,
    );
  } finally {
    vi.unstubAllGlobals();
  }
});

test("the WebSocket of the ws package is accepted", () => {
  expect(new SessionClient({ session: "s", url: "http://a", WebSocket }).getState().link).toBe(
    "idle",
  );
});

test("the state is the same object until something changes, and listeners hear of each change", async () => {
  const { server, client } = await liveClient();
  const { getState, subscribe } = client;
  let changes = 0;
  const unsubscribe = subscribe(() => (changes += 1));
  const before = getState();
  server.connection.push(head(1));
  expect(getState()).toBe(before);
  expect(changes).toBe(0);
  server.connection.push(events(2, [meta("x", 1)], 2));
  expect(getState()).not.toBe(before);
  expect(getState().outbox).toBe(before.outbox);
  expect(changes).toBe(1);
  unsubscribe();
  server.connection.push(events(3, [meta("x", 2)], 3));
  expect(changes).toBe(1);
});

test("durable events are told of once, across a reconnect in the middle of a run", async () => {
  const { server, client } = await liveClient();
  const told: [string, number][] = [];
  client.on("event", (event, position) => told.push([event.type, position]));
  server.connection.push(events(2, [textStart, delta("a")], 1));
  server.connection.push("b");
  server.connection.push(head(3));
  server.connection.drop();
  await pass(1_100);
  expect(server.connection.received).toEqual([{ t: "hello", v: 1, after: 3 }]);
  server.connection.push(welcome(3, "two"));
  server.connection.push(events(4, [delta("b"), delta("c")], 5, "two"));
  server.connection.push(live(5, "two"));
  expect(told).toEqual([
    ["text-start", 2],
    ["text-delta", 3],
    ["text-delta", 4],
    ["text-delta", 5],
  ]);
  expect(client.getState().session?.open?.message.parts).toMatchObject([{ text: "abc" }]);
});

test("a listener that throws keeps nobody else from hearing", async () => {
  const { server, client } = await liveClient();
  const thrown: unknown[] = [];
  const keep = (error: unknown) => thrown.push(error);
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", keep);
  try {
    const told: number[] = [];
    client.on("event", () => {
      throw new Error("mine");
    });
    client.on("event", (_event, position) => told.push(position));
    server.connection.push(events(2, [meta("x", 1), meta("x", 2)], 3));
    expect(told).toEqual([2, 3]);
    vi.useRealTimers();
    await vi.waitFor(() => expect(thrown).toHaveLength(2));
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  }
});

test("a snapshot that the client did not ask for is told of as a reset", async () => {
  const { server, client } = await liveClient();
  const resets: number[] = [];
  client.on("reset", ({ position }) => resets.push(position));
  server.connection.drop();
  await pass(1_100);
  server.connection.push(welcome(50, "two"));
  server.connection.push(snapshot(50, "reset", "two"));
  server.connection.push(live(50, "two"));
  expect(resets).toEqual([50]);
  expect(client.getState()).toMatchObject({ link: "live", cursor: 50, hasEarlier: true });
});

test("the session stays readable while the link is down", async () => {
  const { server, client } = await liveClient();
  const { session } = client.getState();
  server.connection.drop();
  expect(client.getState()).toMatchObject({ link: "offline", problem: undefined });
  expect(client.getState().session).toBe(session);
});

test("a gap makes the client say hello again on the same connection", async () => {
  const { server, client } = await liveClient();
  server.connection.push(events(3, [meta("x", 1)], 3));
  expect(server.connection.of("hello")).toEqual([
    { t: "hello", v: 1, after: 0 },
    { t: "hello", v: 1, after: 1 },
  ]);
  expect(client.getState().link).toBe("catching-up");
  expect(server.connections).toHaveLength(1);
});

test("an error that belongs to no command is told of", async () => {
  const { server, client } = await liveClient();
  const problems: string[] = [];
  client.on("error", ({ code }) => problems.push(code));
  const error = { code: "rate_limited", detail: "Wait." };
  server.connection.push({ t: "error", i: "one", error });
  expect(problems).toEqual(["rate_limited"]);
});

test("the cursor is acknowledged once, three seconds after it advanced", async () => {
  const { server } = await liveClient();
  await pass(1_000);
  server.connection.push(events(2, [meta("x", 1)], 2));
  await pass(1_990);
  expect(server.connection.of("ack")).toEqual([]);
  await pass(20);
  expect(server.connection.of("ack")).toEqual([{ t: "ack", d: 2 }]);
  await pass(10_000);
  expect(server.connection.of("ack")).toHaveLength(1);
});

test("R16 a reader that receives much acknowledges before its share of the window is used up", async () => {
  const { server } = await liveClient();
  const text = "€".repeat(ACKNOWLEDGE_AFTER_BYTES / 12);
  for (let position = 2; position < 6; position += 1)
    server.connection.push(events(position, [meta("x", text)], position));
  expect(server.connection.of("ack")).toEqual([{ t: "ack", d: 5 }]);
});

test("close ends the link without a problem, and connect begins anew at the cursor", async () => {
  const { server, client } = await liveClient();
  client.close();
  expect(server.connection.isOpen).toBe(false);
  expect(client.getState()).toMatchObject({ link: "closed", problem: undefined });
  await pass(60_000);
  expect(server.connections).toHaveLength(1);
  client.connect();
  await settle();
  expect(server.connection.of("hello")).toEqual([{ t: "hello", v: 1, after: 1 }]);
  goLive(server);
  expect(client.getState().link).toBe("live");
});
