import { afterEach, expect, test } from "vitest";
import type { SessionListing } from "../../src/protocol/index.ts";
import { LINGER_MS } from "../../src/react/holders.ts";
import type { SessionListOptions } from "../../src/react/session-list.ts";
import { SessionListStore } from "../../src/react/session-list-store.ts";
import { pass, settle } from "../client/client-setup.ts";
import { storeWorld, URL } from "./store-setup.ts";

const world = storeWorld();

const releases: (() => void)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0)) release();
  await pass(LINGER_MS);
});

const line = (id: string, updatedAt: number): SessionListing => ({
  id,
  title: null,
  lifecycle: "active",
  status: "idle",
  createdAt: 1,
  updatedAt,
});

const seed = (value: readonly SessionListing[]) => ({
  t: "seed",
  id: 1,
  position: 1,
  value,
});

/** A list that is held, and has its first page. */
async function liveList(options: SessionListOptions = {}) {
  let ends = 0;
  const store = new SessionListStore({ url: URL, ...options }, () => {
    ends += 1;
  });
  const release = store.hold();
  releases.push(release);
  await settle();
  world.server.connection.push(seed([line("b", 2), line("a", 1)]));
  return { store, release, ends: () => ends };
}

test("U15 the list is shown as it changes, the session that changed last first", async () => {
  const { store } = await liveList();
  const ids = () => store.list.sessions?.map(({ id }) => id);
  expect(world.server.connection.url).toBe("ws://127.0.0.1:8787/v1/sessions");
  expect(store.list).toMatchObject({ hasMore: false, link: "live", error: undefined });
  const seen: unknown[] = [];
  store.subscribe(() => seen.push(ids()));
  for (const delta of [{ update: [line("a", 3)] }, { delete: ["b"] }])
    world.server.connection.push({ t: "commit", position: 2, changes: [[1, { delta }]] });
  expect(seen).toEqual([["a", "b"], ["a"]]);
});

test("U15 a list is asked for by its owner, filter and length", async () => {
  await liveList({ owner: "bob", status: "waiting", lifecycle: "active", limit: 5 });
  expect(world.server.connection.url).toBe("ws://127.0.0.1:8787/v1/sessions?owner=bob");
  expect(world.server.connection.received).toEqual([
    { t: "hello", v: 1 },
    {
      t: "subscribe",
      id: 1,
      functionPath: "sessions",
      args: { limit: 6, lifecycle: "active", status: "waiting" },
    },
  ]);
});

test("U15 the next page comes behind", async () => {
  const { store } = await liveList({ limit: 1 });
  const ids = () => store.list.sessions?.map(({ id }) => id);
  expect(ids()).toEqual(["b"]);
  expect(store.list.hasMore).toBe(true);
  const { loadMore } = store.list;
  loadMore();
  world.server.connection.push(seed([line("b", 2), line("a", 1)]));
  expect(ids()).toEqual(["b", "a"]);
  expect(store.list.hasMore).toBe(false);
  expect(store.list.loadMore).toBe(loadMore);
});

test("U16 nothing is connected before somebody needs it, and it is closed five seconds after the last has gone", async () => {
  const { store, release, ends } = await liveList();
  const other = store.hold();
  release();
  await pass(60_000);
  expect([world.server.connections.length, ends()]).toEqual([1, 0]);
  other();
  await pass(LINGER_MS);
  expect([world.server.connection.isOpen, ends()]).toEqual([false, 1]);
});

test("U16 what is shown stays while the link is down; `reconnect` does not wait for the next attempt", async () => {
  const { store } = await liveList();
  const shown = store.list.sessions;
  world.server.connection.drop(1006);
  expect(store.list).toMatchObject({ link: "offline", error: undefined });
  expect(store.list.sessions).toBe(shown);
  store.list.reconnect();
  await settle();
  expect(world.server.connections).toHaveLength(2);
  world.server.connection.push(seed([line("c", 9)]));
  expect(store.list.link).toBe("live");
  store.list.reconnect();
  await settle();
  expect(world.server.connections).toHaveLength(2);
});

test("U16 a list that is refused says why, and may be asked for anew", async () => {
  const { store } = await liveList();
  world.server.connection.drop(4401);
  const { error } = store.list;
  expect(store.list).toMatchObject({ link: "closed", error: { code: "unauthorized" } });
  expect(store.list.error).toBe(error);
  store.list.reconnect();
  await settle();
  expect(world.server.connections).toHaveLength(2);
});

test("U16 the function that was given last is asked for the token", async () => {
  const { store } = await liveList({ token: () => "first" });
  store.renewToken(() => "second");
  world.server.connection.drop(1006);
  await pass(10_000);
  expect(world.server.connections.map(({ protocols }) => protocols.at(-1))).toEqual([
    "perdure.token.first",
    "perdure.token.second",
  ]);
});
