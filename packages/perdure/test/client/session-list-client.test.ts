import { afterEach, expect, test } from "vitest";
import type { SessionListClientOptions } from "../../src/client/list/index.ts";
import { SessionListClient } from "../../src/client/list/index.ts";
import type { ListOptions, QueryChange, SessionListing } from "../../src/protocol/index.ts";
import { ACKNOWLEDGE_AFTER_BYTES } from "../../src/protocol/index.ts";
import { pass, settle, useSimulatedTime } from "./client-setup.ts";
import { FakeServer } from "./fake-server.ts";

useSimulatedTime();

const clients: SessionListClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

const line = (id: string, updatedAt: number, change: Partial<SessionListing> = {}) => ({
  id,
  title: null,
  lifecycle: "active" as const,
  status: "idle" as const,
  createdAt: 1,
  updatedAt,
  ...change,
});

const listed = (id: string, updatedAt: number, change: Partial<SessionListing> = {}) => ({
  ...line(id, updatedAt, change),
  sortedAt: updatedAt,
});

const seed = (value: readonly SessionListing[]) => ({
  t: "seed",
  id: 1,
  position: 1,
  value,
});

const commit = (change: QueryChange) => ({
  t: "commit",
  position: 2,
  changes: [[1, change]],
});

const asked = (args: ListOptions) => ({
  t: "subscribe",
  id: 1,
  functionPath: "sessions",
  args,
});

/** A client that has its first lines. */
async function listOf(sessions: readonly SessionListing[], options: SessionListClientOptions = {}) {
  const server = new FakeServer();
  const client = new SessionListClient({
    url: "https://server.example/base",
    WebSocket: server.WebSocket,
    random: () => 1,
    ...options,
  });
  clients.push(client);
  client.connect();
  await settle();
  expect(client.getState()).toMatchObject({ link: "catching-up", sessions: undefined });
  server.connection.push({ t: "subscribed", id: 1, key: ["id"] });
  server.connection.push(seed(sessions));
  const ids = () => client.getState().sessions?.map(({ id }) => id);
  return { server, client, ids };
}

test("I8 the client shows the first lines, and every change", async () => {
  const { server, client, ids } = await listOf([listed("b", 2), listed("a", 1)]);
  expect(server.connection.url).toBe("wss://server.example/base/v1/sessions");
  expect(server.connection.received).toEqual([{ t: "hello", v: 1 }, asked({ limit: 51 })]);
  expect(ids()).toEqual(["b", "a"]);
  expect(client.getState()).toMatchObject({ link: "live", hasMore: false });
  const changed = { ...listed("a", 3, { status: "running" }), sortedAt: 1 };
  server.connection.push(commit({ delta: { update: [changed] } }));
  server.connection.push(commit({ delta: { insert: [{ at: 1, row: listed("c", 2) }] } }));
  server.connection.push({ t: "later" });
  // To the millisecond, where the server keeps places to the minute.
  expect(ids()).toEqual(["a", "c", "b"]);
  server.connection.push(commit({ delta: { delete: ["b"] } }));
  expect(ids()).toEqual(["a", "c"]);
  server.connection.push(commit({ snapshot: [listed("z", 9)] }));
  expect(ids()).toEqual(["z"]);
});

test("I8 more() asks for a page more once, and changes that come meanwhile stay", async () => {
  const { server, client, ids } = await listOf([listed("c", 3), listed("b", 2)], { limit: 1 });
  expect(client.getState()).toMatchObject({ sessions: [{ id: "c" }], hasMore: true });
  client.more();
  client.more();
  expect(server.connection.received.slice(2)).toEqual([
    { t: "unsubscribe", id: 1 },
    asked({ limit: 3 }),
  ]);
  // It was under way when the page was asked for.
  const delta = { delete: ["b"], insert: [{ at: 0, row: listed("z", 9) }] };
  server.connection.push(commit({ delta }));
  expect(ids()).toEqual(["z"]);
  server.connection.push(seed([listed("z", 9), listed("c", 3), listed("b", 2)]));
  expect(ids()).toEqual(["z", "c"]);
  client.more();
  server.connection.push(seed([listed("z", 9), listed("c", 3), listed("b", 2)]));
  expect(ids()).toEqual(["z", "c", "b"]);
  client.more();
  expect(server.connection.received).toHaveLength(6);
  expect(client.getState().hasMore).toBe(false);
});

test("I8 a line that moves is where the list has it, whatever else is told of its place", async () => {
  const { server, ids } = await listOf([listed("c", 3), listed("b", 2), listed("a", 1)], {
    limit: 2,
  });
  const delta = { update: [listed("a", 4)], move: [{ key: "a", at: 0 }] };
  server.connection.push(commit({ delta }));
  expect(ids()).toEqual(["a", "c"]);
  server.connection.push(commit({ error: { code: "internal", detail: "It fails." } }));
  expect(ids()).toEqual(["a", "c"]);
});

test("I6 the server is asked for lines that match the filter, and says which come and go", async () => {
  const filter = { status: "waiting", lifecycle: "active" } as const;
  const { server, ids } = await listOf([listed("a", 1, filter)], filter);
  expect(server.connection.received[1]).toEqual(asked({ limit: 51, ...filter }));
  const delta = { delete: ["a"], insert: [{ at: 0, row: listed("b", 3, filter) }] };
  server.connection.push(commit({ delta }));
  expect(ids()).toEqual(["b"]);
});

test("Z150 the client says that what the server has sent has arrived", async () => {
  const { server } = await listOf([listed("a", 1)]);
  const title = "x".repeat(ACKNOWLEDGE_AFTER_BYTES);
  const frame = commit({ snapshot: [listed("a", 2, { title })] });
  server.connection.push(frame);
  const first = JSON.stringify(seed([listed("a", 1)])).length;
  const subscribed = JSON.stringify({ t: "subscribed", id: 1, key: ["id"] }).length;
  expect(server.connection.received.slice(2)).toEqual([
    { t: "ack", units: subscribed + first + JSON.stringify(frame).length },
  ]);
});

test("what is shown stays while the link is down, and is replaced by the next answer, of as many lines", async () => {
  const { server, client, ids } = await listOf([listed("b", 2), listed("a", 1)], { limit: 1 });
  client.more();
  server.connection.push(seed([listed("b", 2), listed("a", 1)]));
  server.connection.drop();
  expect(client.getState()).toMatchObject({ link: "offline", sessions: [{ id: "b" }, {}] });
  await pass(1_000);
  expect(ids()).toEqual(["b", "a"]);
  expect(server.connection.received[1]).toEqual(asked({ limit: 3 }));
  server.connection.push(seed([listed("b", 2)]));
  expect(ids()).toEqual(["b"]);
});

test("a refusal ends the link with its reason, and connect begins anew", async () => {
  const { server, client } = await listOf([], { owner: "bob & co" });
  expect(server.connection.url).toContain("/v1/sessions?owner=bob%20%26%20co");
  const error = { code: "unsupported_version", detail: "Reload or update." };
  server.connection.push({ t: "error", i: "i1", error });
  server.connection.drop(4400);
  expect(client.getState()).toMatchObject({ link: "closed", problem: error });
  client.connect();
  await settle();
  const refused = { code: "bad_request", detail: "No such status." };
  server.connection.push({ t: "refused", id: 2, error: refused });
  expect(client.getState()).toMatchObject({ link: "closed", problem: refused });
  client.connect();
  await settle();
  server.connection.push(seed([]));
  expect(client.getState()).toMatchObject({ link: "live", problem: undefined });
});
