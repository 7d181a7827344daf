import { expect, test, vi } from "vitest";
import { ConnectionClient } from "../../src/client/index.ts";
import { DEAD_LINK_MS, MAX_CLIENT_FRAME_BYTES } from "../../src/protocol/index.ts";
import { pass, settle, useSimulatedTime } from "./client-setup.ts";
import {
  acknowledge,
  connectionOf,
  eventsOn,
  framesOn,
  liveConnection,
  numbersOn,
  outcomeOf,
  push,
  welcome,
} from "./connection-setup.ts";
import { FakeServer } from "./fake-server.ts";

useSimulatedTime();

test.each([
  [{ url: "wss://example.com/ws" }, "wss://example.com/ws"],
  [{ url: "https://example.com/live/ws?tab=1" }, "wss://example.com/live/ws?tab=1"],
  [{ url: "http://127.0.0.1:8787", path: "/live" }, "ws://127.0.0.1:8787/live"],
  [{ path: "/live" }, "wss://page.example/live"],
  [{}, "wss://page.example/ws"],
])("the address is the one given, else the page's own: %o", async (options, url) => {
  vi.stubGlobal("location", { origin: "https://page.example" });
  const server = new FakeServer();
  const client = new ConnectionClient({ ...options, WebSocket: server.WebSocket });
  client.connect();
  await settle();
  client.close();
  expect(server.connection.url).toBe(url);
});

test.each([{ url: "no address" }, { url: "ftp://example.com" }, {}, { path: "/ws" }])(
  "without a usable address there is no client: %o",
  (options) => {
    const { WebSocket } = new FakeServer();
    expect(() => new ConnectionClient({ ...options, WebSocket })).toThrow(
      "Give the connection's address as `url`.",
    );
  },
);

test("Y7 an event is numbered from 1, and its promise settles with the answer", async () => {
  const { server, client } = await liveConnection();
  const first = outcomeOf(client.emit("say", { text: "one" }));
  const second = outcomeOf(client.emit("say"));
  await settle();
  expect(framesOn(server.connection)).toEqual([
    { t: "hello", v: 1, client: "c1" },
    { t: "event", event: "say", data: { text: "one" }, n: 1 },
    { t: "event", event: "say", n: 2 },
  ]);
  expect([first.value, second.value]).toEqual(["waits", "waits"]);
  acknowledge(server.connection, 1);
  acknowledge(server.connection, 2, { code: "forbidden", detail: "Not here." });
  await settle();
  expect(first.value).toBe(true);
  expect(second.value).toMatchObject({ name: "PerdureError", code: "forbidden" });
});

test("Y8 what waits is shown with a copy of its data, sent in order once there is a connection, and gone when answered", async () => {
  const server = new FakeServer();
  const client = connectionOf(server);
  const data = { text: "one" };
  void client.emit("say", data);
  data.text = "changed";
  void client.emit("draw", new Uint8Array([1, 2]));
  const { queue } = client.getState();
  expect(queue).toEqual([
    { id: 1, event: "say", data: { text: "one" }, at: Date.now() },
    { id: 2, event: "draw", data: new Uint8Array([1, 2]), at: Date.now() },
  ]);
  client.connect();
  await settle();
  expect(eventsOn(server.connection)).toEqual([]);
  expect(client.getState().queue).toBe(queue);
  welcome(server.connection);
  expect(eventsOn(server.connection)).toEqual([
    { t: "event", event: "say", data: { text: "one" }, n: 1 },
    { t: "event", event: "draw", data: new Uint8Array([1, 2]), n: 2 },
  ]);
  acknowledge(server.connection, 1);
  expect(client.getState().queue.map(({ id }) => id)).toEqual([2]);
});

test("Y8 after a reconnect all without an answer comes again, under the same numbers and in order", async () => {
  const { server, client } = await liveConnection();
  for (const text of ["one", "two", "three"]) void client.emit("say", { text });
  await settle();
  acknowledge(server.connection, 1);
  server.connection.drop();
  void client.emit("say", { text: "four" });
  await pass(1_000);
  // Two was handled, and its answer was lost.
  welcome(server.connection, { socket: "s2", last: 2 });
  expect(numbersOn(server.connection)).toEqual([2, 3, 4]);
  for (const n of [2, 3, 4]) acknowledge(server.connection, n);
  expect(client.getState().queue).toEqual([]);
});

test("Y8 a client that the object has known before goes on after its last number", async () => {
  const server = new FakeServer();
  const client = connectionOf(server);
  const sent = outcomeOf(client.emit("say"));
  client.connect();
  await settle();
  welcome(server.connection, { last: 41 });
  expect(numbersOn(server.connection)).toEqual([42]);
  acknowledge(server.connection, 42);
  await settle();
  expect(sent.value).toBe(true);
});

test("Y8 what is without an answer for long comes again on a link that stays open", async () => {
  const { server, client } = await liveConnection();
  void client.emit("say");
  void client.emit("say");
  await pass(DEAD_LINK_MS - 100);
  expect(numbersOn(server.connection)).toEqual([1, 2]);
  acknowledge(server.connection, 1);
  await pass(DEAD_LINK_MS - 100);
  expect(numbersOn(server.connection)).toEqual([1, 2]);
  await pass(200);
  expect(numbersOn(server.connection)).toEqual([1, 2, 2]);
});

test("Y8 a number that was given up is never another event's", async () => {
  const { server, client } = await liveConnection();
  client.emit("say").catch(() => {});
  client.emit("say").catch(() => {});
  await settle();
  server.connection.drop(4401);
  client.connect();
  await settle();
  void client.emit("say");
  // The object may be about to handle the two.
  welcome(server.connection, { last: 0 });
  expect(numbersOn(server.connection)).toEqual([3]);
});

test("Y8 a long queue leaves at a pace that the object takes", async () => {
  const server = new FakeServer();
  const client = connectionOf(server);
  for (let i = 0; i < 300; i += 1) void client.emit("say", i);
  client.connect();
  await settle();
  welcome(server.connection);
  expect(numbersOn(server.connection)).toHaveLength(100);
  await pass(1_000);
  expect(numbersOn(server.connection)).toHaveLength(125);
  await pass(7_000);
  expect(eventsOn(server.connection).map(({ data }) => data)).toEqual(
    Array.from({ length: 300 }, (_, i) => i),
  );
});

test("Y9 a queue that is full takes no more, and what is refused takes no number", async () => {
  const { server, client } = await liveConnection({ queueLimit: 2 });
  void client.emit("say", 1);
  void client.emit("say", 2);
  const refused = outcomeOf(client.emit("say", 3));
  await settle();
  expect(refused.value).toMatchObject({ code: "rate_limited" });
  expect(client.getState().queue).toHaveLength(2);
  acknowledge(server.connection, 1);
  void client.emit("say", 4);
  await settle();
  expect(eventsOn(server.connection).map(({ n, data }) => [n, data])).toEqual([
    [1, 1],
    [2, 2],
    [3, 4],
  ]);
});

test("Y9 the queue takes 1,000 events by default", async () => {
  const client = connectionOf(new FakeServer());
  const sent = Array.from({ length: 1_001 }, (_, i) => outcomeOf(client.emit("say", i)));
  await settle();
  expect(sent[999]?.value).toBe("waits");
  expect(sent[1_000]?.value).toMatchObject({ code: "rate_limited" });
});

test("Y9 data that could not arrive is refused at once", async () => {
  const { server, client } = await liveConnection();
  const altered = outcomeOf(client.emit("say", { at: Number.NaN }));
  const large = outcomeOf(client.emit("say", "é".repeat(MAX_CLIENT_FRAME_BYTES / 2)));
  const bytes = outcomeOf(client.emit("say", new Uint8Array(MAX_CLIENT_FRAME_BYTES)));
  await settle();
  expect(altered.value).toMatchObject({ code: "bad_request" });
  expect(large.value).toMatchObject({ code: "too_large" });
  expect(bytes.value).toMatchObject({ code: "too_large" });
  expect(eventsOn(server.connection)).toEqual([]);
});

test("Y10 a volatile event has no number, is sent at most once, and not where there is no connection", async () => {
  const { server, client } = await liveConnection();
  expect(await client.emit("move", { x: 1 }, { volatile: true })).toBe(true);
  expect(eventsOn(server.connection)).toEqual([{ t: "event", event: "move", data: { x: 1 } }]);
  server.connection.drop();
  expect(await client.emit("move", { x: 2 }, { volatile: true })).toBe(false);
  expect(client.getState().queue).toEqual([]);
  await pass(1_000);
  expect(await client.emit("move", { x: 3 }, { volatile: true })).toBe(false);
  welcome(server.connection, { socket: "s2" });
  expect(eventsOn(server.connection)).toEqual([]);
});

test("Y10 volatile events that are too many are dropped", async () => {
  const { client } = await liveConnection();
  const sent = await Promise.all(
    Array.from({ length: 150 }, () => client.emit("move", {}, { volatile: true })),
  );
  expect(sent.filter((isSent) => isSent)).toHaveLength(100);
});

test("Y13 a link that is closed for good gives up what waits, and says why", async () => {
  const { server, client } = await liveConnection();
  const sent = outcomeOf(client.emit("say"));
  push(server.connection, {
    t: "error",
    i: "i1",
    error: { code: "unauthorized", detail: "The token has expired." },
  });
  server.connection.drop(4401);
  await settle();
  const problem = { code: "unauthorized", detail: "The token has expired." };
  expect(client.getState()).toMatchObject({ link: "closed", problem, queue: [] });
  expect(sent.value).toMatchObject({ code: "unauthorized", message: "The token has expired." });
  const later = outcomeOf(client.emit("say"));
  await settle();
  expect(later.value).toMatchObject({ code: "unauthorized" });
  client.connect();
  await settle();
  welcome(server.connection, { socket: "s2" });
  expect(client.getState()).toMatchObject({ link: "live", problem: undefined });
});

test("Y13 close keeps what waits, and connect goes on with it", async () => {
  const { server, client } = await liveConnection();
  void client.emit("say");
  await settle();
  client.close();
  expect(client.getState()).toMatchObject({ link: "closed", queue: [{ id: 1 }] });
  void client.emit("say");
  client.connect();
  await settle();
  expect(framesOn(server.connection)).toEqual([
    { t: "hello", v: 1, client: "c1", resume: { socket: "s1", received: 0 } },
  ]);
  welcome(server.connection, { socket: "s2" });
  expect(numbersOn(server.connection)).toEqual([1, 2]);
});

test("Y14 an object that does not welcome a client is left for another connection", async () => {
  const server = new FakeServer();
  const client = connectionOf(server);
  client.connect();
  await pass(DEAD_LINK_MS);
  expect(server.connections).toHaveLength(2);
  welcome(server.connection);
  expect(client.getState().link).toBe("live");
  await pass(DEAD_LINK_MS);
  expect(server.connections).toHaveLength(2);
});

test("Y15 a promise that is left alone is no unhandled rejection, and onError hears of it", async () => {
  const { server, client } = await liveConnection({ queueLimit: 1 });
  const errors: unknown[] = [];
  const unhandled = vi.fn<() => void>();
  process.on("unhandledRejection", unhandled);
  client.onError((problem, event) => errors.push([event, problem.code]));
  void client.emit("say");
  void client.emit("shout");
  void client.emit("think", 1n);
  await settle();
  acknowledge(server.connection, 1, { code: "internal", detail: "It failed." });
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  expect(errors).toEqual([
    ["shout", "rate_limited"],
    ["think", "bad_request"],
    ["say", "internal"],
  ]);
});

test("getState is the same object until something changes", async () => {
  const { server, client } = await liveConnection();
  const changes = vi.fn<() => void>();
  client.subscribe(changes);
  const state = client.getState();
  push(server.connection, { t: "event", event: "later" });
  acknowledge(server.connection, 7);
  expect(client.getState()).toBe(state);
  expect(changes).not.toHaveBeenCalled();
});
