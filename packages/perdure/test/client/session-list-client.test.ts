import { afterEach, expect, test } from "vitest";
import type { SessionListClientOptions } from "../../src/client/list/index.ts";
import { SessionListClient } from "../../src/client/list/index.ts";
import type { SessionListing } from "../../src/protocol/index.ts";
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

const page = (
  sessions: readonly SessionListing[],
  next: string | null = null,
  before: string | null = null,
) => ({ t: "sessions", v: 1, i: "i1", before, sessions, next });

/** A client that has its first page. */
async function listOf(
  sessions: readonly SessionListing[],
  next: string | null = null,
  options: SessionListClientOptions = {},
) {
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
  server.connection.push(page(sessions, next));
  const ids = () => client.getState().sessions?.map(({ id }) => id);
  return { server, client, ids };
}

test("I8 the client shows the first page, and every change", async () => {
  const { server, client, ids } = await listOf([line("b", 2), line("a", 1)]);
  expect(server.connection.url).toBe("wss://server.example/base/v1/sessions");
  expect(server.connection.received).toEqual([{ t: "hello", v: 1 }]);
  expect(ids()).toEqual(["b", "a"]);
  expect(client.getState()).toMatchObject({ link: "live", hasMore: false });
  server.connection.push({ t: "session", i: "i1", session: line("a", 3, { status: "running" }) });
  server.connection.push({ t: "session", i: "i1", session: line("c", 2) });
  server.connection.push({ t: "later", i: "i1" });
  expect(ids()).toEqual(["a", "c", "b"]);
  server.connection.push({ t: "removed", i: "i1", id: "b" });
  expect(ids()).toEqual(["a", "c"]);
});

test("I8 more() asks for the next page once, and changes that come meanwhile stay", async () => {
  const { server, client, ids } = await listOf([line("c", 3)], "3.c", { limit: 1 });
  expect(client.getState().hasMore).toBe(true);
  client.more();
  client.more();
  expect(server.connection.received.slice(1)).toEqual([
    { t: "hello", v: 1, limit: 1, before: "3.c" },
  ]);
  server.connection.push({ t: "session", i: "i1", session: line("z", 9) });
  server.connection.push(page([line("b", 2)], null, "3.c"));
  expect(ids()).toEqual(["z", "c", "b"]);
  client.more();
  expect(server.connection.received).toHaveLength(2);
  expect(client.getState().hasMore).toBe(false);
});

test("I6 a line that no longer matches the filter goes, and one that does comes", async () => {
  const { server, ids } = await listOf([line("a", 1, { status: "waiting" })], null, {
    status: "waiting",
    lifecycle: "active",
  });
  expect(server.connection.received).toEqual([
    { t: "hello", v: 1, lifecycle: "active", status: "waiting" },
  ]);
  server.connection.push({ t: "session", i: "i1", session: line("a", 2) });
  server.connection.push({ t: "session", i: "i1", session: line("b", 3, { status: "waiting" }) });
  const paused = line("c", 4, { status: "waiting", lifecycle: "paused" });
  server.connection.push({ t: "session", i: "i1", session: paused });
  expect(ids()).toEqual(["b"]);
});

test("what is shown stays while the link is down, and is replaced by the next first page", async () => {
  const { server, client, ids } = await listOf([line("a", 1)]);
  server.connection.drop();
  expect(client.getState()).toMatchObject({ link: "offline", sessions: [{ id: "a" }] });
  await pass(1_000);
  expect(ids()).toEqual(["a"]);
  server.connection.push(page([line("b", 2)]));
  expect(ids()).toEqual(["b"]);
});

test("a refusal ends the link with its reason, and connect begins anew", async () => {
  const { server, client } = await listOf([], null, { owner: "bob & co" });
  expect(server.connection.url).toContain("/v1/sessions?owner=bob%20%26%20co");
  const error = { code: "forbidden", detail: "This role may not list sessions." };
  server.connection.push({ t: "error", i: "i1", error });
  server.connection.drop(4403);
  expect(client.getState()).toMatchObject({ link: "closed", problem: error });
  client.connect();
  await settle();
  server.connection.push(page([]));
  expect(client.getState()).toMatchObject({ link: "live", problem: undefined });
});
