import { expect, test, vi } from "vitest";
import { FAILED_LINGER_MS, LINGER_MS } from "../../src/react/holders.ts";
import { pass, settle } from "../client/client-setup.ts";
import { delta, events, head, meta, queued, reply, textStart } from "../client/frames.ts";
import {
  goLive,
  lastCommand,
  liveStore,
  push,
  snapshotWith,
  storeOf,
  storeWorld,
  URL,
} from "./store-setup.ts";

const world = storeWorld();

const refused = (id: string) =>
  ({
    t: "reply",
    i: "one",
    id,
    reply: { ok: false, error: { code: "too_many_turns", detail: "Wait for a turn to end." } },
  }) as const;

test("U1 nothing is connected before somebody needs it, and once however many do", async () => {
  const { store } = storeOf();
  await settle();
  expect(world.server.connections).toHaveLength(0);
  store.hold();
  store.hold();
  await settle();
  expect(world.server.connections.map(({ url }) => url)).toEqual([
    "ws://127.0.0.1:8787/v1/sessions/s/ws",
  ]);
});

test("U3 the socket stays open for five seconds after the last holder has gone", async () => {
  const { store, release, ends } = await liveStore(world);
  const other = store.hold();
  release();
  release();
  await pass(60_000);
  other();
  await pass(LINGER_MS - 1);
  const back = store.hold();
  await pass(60_000);
  expect([world.server.connection.isOpen, ends()]).toEqual([true, 0]);
  back();
  await pass(LINGER_MS);
  expect([world.server.connection.isOpen, ends()]).toEqual([false, 1]);
  expect(world.server.connections).toHaveLength(1);
});

test("U3 a store that nobody ever holds ends", async () => {
  const { ends } = storeOf();
  await pass(LINGER_MS);
  expect(ends()).toBe(1);
  expect(world.server.connections).toHaveLength(0);
});

test("U3 the socket stays open until every command is answered", async () => {
  const { store, release, ends } = await liveStore(world);
  const sent = store.session.send("hello");
  release();
  await pass(60_000);
  expect(ends()).toBe(0);
  push(world.server, reply(lastCommand(world.server), 2));
  await sent;
  await pass(LINGER_MS);
  expect(ends()).toBe(1);
});

test("U3 a session whose link is closed for good is forgotten after a second", async () => {
  const { release, ends } = await liveStore(world);
  world.server.connection.drop(4401);
  release();
  await pass(FAILED_LINGER_MS);
  expect(ends()).toBe(1);
});

test("U5 a prompt is shown at once as pending, and stays under its id when it is durable", async () => {
  const { store } = await liveStore(world);
  void store.session.send("hello", { metadata: { from: "phone" } });
  const [pending] = store.session.messages;
  expect(pending).toEqual({
    id: lastCommand(world.server),
    role: "user",
    parts: [{ type: "text", text: "hello" }],
    metadata: { from: "phone" },
    turn: pending?.id,
    pending: true,
  });
  const id = pending?.id ?? "";
  push(world.server, events(2, [queued(id, "hello")], 2));
  const durable = { id, role: "user", parts: [{ type: "text", text: "hello" }], turn: id, at: 3 };
  expect(store.session.messages).toEqual([durable]);
  push(world.server, reply(id, 2));
  await settle();
  expect(store.session.messages).toEqual([durable]);
});

test("U6 a refused prompt goes, and `error` says why until the next command", async () => {
  const { store } = await liveStore(world);
  const sent = store.session.send("one too many");
  push(world.server, refused(lastCommand(world.server)));
  await expect(sent).rejects.toMatchObject({ code: "too_many_turns" });
  await settle();
  expect(store.session).toMatchObject({
    messages: [],
    error: { code: "too_many_turns", message: "Wait for a turn to end." },
  });
  void store.session.send("another");
  expect(store.session).toMatchObject({ messages: [{ pending: true }], error: undefined });
});

test("U6 a refusal that nobody waits for is no unhandled rejection", async () => {
  const { store } = await liveStore(world);
  const unhandled = vi.fn<() => void>();
  process.once("unhandledRejection", unhandled);
  void store.session.cancel("none");
  push(world.server, refused(lastCommand(world.server)));
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  expect(store.session.error?.code).toBe("too_many_turns");
});

test("U6 a prompt that is refused before it is sent goes, too", async () => {
  const { store } = await liveStore(world);
  await expect(store.session.send("hello", { id: "no spaces" })).rejects.toMatchObject({
    code: "bad_frame",
  });
  expect(store.session).toMatchObject({ messages: [], error: { code: "bad_frame" } });
});

test("U6 why the link was closed for good comes before why a command was refused", async () => {
  const { store } = await liveStore(world);
  const sent = store.session.send("hello");
  world.server.connection.drop(4403, "Not you.");
  await expect(sent).rejects.toMatchObject({ code: "forbidden" });
  const { error } = store.session;
  expect([error?.code, error?.message]).toEqual(["forbidden", "Not you."]);
});

test("U8 a session is the same object until something that is drawn changes", async () => {
  const { store } = await liveStore(world);
  push(world.server, events(2, [meta("title", "One")], 2));
  const { session, state } = store;
  expect(session.meta).toMatchObject({ title: "One" });
  push(world.server, events(3, [textStart], 2));
  const withText = store.session;
  expect(withText).not.toBe(session);
  push(world.server, head(3));
  expect(store.state).not.toBe(state);
  expect(store.session).toBe(withText);
});

test("U12 what was shown stays while the link is down", async () => {
  const { store } = await liveStore(world);
  push(world.server, events(2, [queued("a"), textStart, delta("Half a sen")], 2));
  const { messages } = store.session;
  world.server.connection.drop(1006);
  expect(store.session).toMatchObject({ link: "offline", error: undefined });
  expect(store.session.messages).toBe(messages);
});

test("U11 it is ready when it is live, and then for ever", async () => {
  const { store } = storeOf();
  const ready = store.whenReady();
  expect(store.whenReady()).toBe(ready);
  await settle();
  expect(store.isReady).toBe(false);
  goLive(world.server);
  await ready;
  expect(store.isReady).toBe(true);
  store.reconnect();
  expect(store.isReady).toBe(true);
});

test("U11 waiting ends with the link", async () => {
  const { store } = storeOf();
  const ready = store.whenReady();
  await settle();
  world.server.connection.drop(4401);
  await ready;
  expect(store.isReady).toBe(false);
  expect(store.session.error?.code).toBe("unauthorized");
});

test("U11 a component that waits says so again every ten seconds, or the socket is closed", async () => {
  world.server.accepts = false;
  const { store, ends } = storeOf();
  for (let round = 0; round < 5; round += 1) {
    const ready = store.whenReady();
    await pass(10_000);
    await ready;
  }
  expect(ends()).toBe(0);
  await pass(LINGER_MS);
  expect(ends()).toBe(1);
});

const page = (positions: readonly number[], hasEarlier: boolean) => () =>
  Response.json({ messages: snapshotWith(positions).snapshot.messages, hasEarlier });

test("U14 older messages come in front, page by page, until there are none", async () => {
  const { store } = await liveStore(world, { token: () => "later" });
  push(world.server, snapshotWith([9], true));
  world.http.answer = page([5, 7], true);
  await store.loadEarlier();
  world.http.answer = page([3], false);
  await Promise.all([store.loadEarlier(), store.loadEarlier()]);
  expect(store.session.messages.map(({ id }) => id)).toEqual(["m3", "m5", "m7", "m9"]);
  expect(store.session.hasEarlier).toBe(false);
  expect(world.http.requests.map(({ url }) => url.replace(URL, ""))).toEqual([
    "/v1/sessions/s/messages?before=9&limit=50",
    "/v1/sessions/s/messages?before=5&limit=50",
    "/v1/sessions/s/messages?before=5&limit=50",
  ]);
  expect(world.http.requests[0]?.headers["authorization"]).toBe("Bearer later");
});

test("U14 where a reset has replaced the messages, older pages that would leave a hole are gone", async () => {
  const { store } = await liveStore(world);
  push(world.server, snapshotWith([9], true));
  world.http.answer = page([5], false);
  await store.loadEarlier();
  push(world.server, snapshotWith([40], true));
  expect(store.session.messages.map(({ id }) => id)).toEqual(["m40"]);
  expect(store.session.hasEarlier).toBe(true);
});

test("the last function that gave a token is asked, for sockets and for requests", async () => {
  const { store } = await liveStore(world, { token: () => "first" });
  store.renewToken(async () => "second");
  store.reconnect();
  await settle();
  expect(world.server.connections.map(({ protocols }) => protocols[1])).toEqual([
    "perdure.token.first",
    "perdure.token.second",
  ]);
});
