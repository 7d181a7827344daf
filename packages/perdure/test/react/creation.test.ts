import { expect, test } from "vitest";
import { pass, settle } from "../client/client-setup.ts";
import { queued, events, reply } from "../client/frames.ts";
import { stubPage } from "../client/page.ts";
import { memoryStorage } from "../support/memory-storage.ts";
import {
  commands,
  goLive,
  lastCommand,
  liveStore,
  push,
  storeOf,
  storeWorld,
  URL,
} from "./store-setup.ts";

const world = storeWorld();

const FORBIDDEN = { code: "forbidden", detail: "The role participant does not permit it." };

/** A store that has found out that its session is missing. */
async function missing(options: Parameters<typeof storeOf>[0] = {}) {
  const { store } = storeOf(options);
  store.hold();
  await settle();
  const sent = store.session.send("hello");
  world.server.connection.drop(4404);
  return { store, sent };
}

test("U4 a session that does not exist is created, and then connected to", async () => {
  const { store } = await missing({ token: "secret" });
  expect(store.session).toMatchObject({ link: "connecting", error: undefined });
  await settle();
  expect(world.http.requests).toMatchObject([
    {
      url: `${URL}/v1/sessions`,
      method: "POST",
      headers: { authorization: "Bearer secret", "content-type": "application/json" },
      body: { id: "s" },
    },
  ]);
  await settle();
  expect(world.server.connections).toHaveLength(2);
  goLive(world.server);
  expect(store.session).toMatchObject({ link: "live", error: undefined });
});

test("U4 what was sent before is shown all along, and sent under the same id once the session is there", async () => {
  const { store, sent } = await missing();
  const seen = new Set<string>();
  store.subscribe(() => seen.add(store.session.messages.map(({ id }) => id).join(" ")));
  const [id = ""] = store.session.messages.map((message) => message.id);
  expect(lastCommand(world.server)).toBe(id);
  await pass(10);
  goLive(world.server);
  expect(lastCommand(world.server)).toBe(id);
  push(world.server, events(2, [queued(id)], 2), reply(id, 2));
  expect(await sent).toEqual({ turn: id, position: 2 });
  expect([...seen]).toEqual([id]);
});

test("U4 what is sent while the session is created is sent once it is there", async () => {
  const { store } = await missing();
  await settle();
  const second = store.session.send("and then");
  expect(store.session.messages).toHaveLength(2);
  await pass(10);
  goLive(world.server);
  expect(commands(world.server)).toEqual(store.session.messages.map((message) => message.id));
  const id = lastCommand(world.server);
  push(world.server, events(2, [queued(id)], 2), reply(id, 2));
  expect(await second).toEqual({ turn: id, position: 2 });
});

test("U4 a page that goes while the session is created leaves what was sent to the next one", async () => {
  const storage = memoryStorage();
  stubPage(storage);
  world.http.answer = () => Promise.reject(new TypeError("failed to fetch"));
  const { store } = await missing();
  await settle();
  const second = store.session.send("and then");
  second.catch(() => {});
  const ids = store.session.messages.map(({ id }) => id);
  expect(ids).toHaveLength(2);

  world.http.answer = () => Response.json({}, { status: 201 });
  const next = storeOf().store;
  expect(next.session.messages.map(({ id, pending }) => [id, pending])).toEqual(
    ids.map((id) => [id, true]),
  );
  next.hold();
  await settle();
  world.server.connection.drop(4404);
  await pass(10);
  goLive(world.server);
  expect(commands(world.server)).toEqual(ids);
});

test("U4 where the token may not create, `error` says so, and what was sent is refused with it", async () => {
  world.http.answer = () => Response.json(FORBIDDEN, { status: 403 });
  const { store, sent } = await missing();
  await expect(sent).rejects.toMatchObject({ code: "forbidden" });
  expect(store.session).toMatchObject({ link: "closed", messages: [] });
  expect(store.session.error?.message).toBe(
    'There is no session "s", and this token may not create it.',
  );
  await pass(60_000);
  expect(world.server.connections).toHaveLength(1);
});

test("U4 with `create: false` nothing is created", async () => {
  const { store, sent } = await missing({ create: false });
  await expect(sent).rejects.toMatchObject({ code: "session_not_found" });
  expect(store.session).toMatchObject({ link: "closed", error: { code: "session_not_found" } });
  expect(world.http.requests).toEqual([]);
});

test("U4 a session that was here and is gone is not created again", async () => {
  const { store } = await liveStore(world);
  world.server.connection.drop(4404);
  await pass(60_000);
  expect(store.session).toMatchObject({ link: "closed", error: { code: "session_not_found" } });
  expect(world.http.requests).toEqual([]);
});

test("U4 a session is created once: one that is missing all the same stays so until `reconnect`", async () => {
  const { store } = await missing();
  await pass(10);
  world.server.connection.drop(4404);
  await pass(60_000);
  expect(world.http.requests).toHaveLength(1);
  expect(store.session).toMatchObject({ link: "closed", error: { code: "session_not_found" } });
  store.reconnect();
  await settle();
  world.server.connection.drop(4404);
  await pass(10);
  expect(world.http.requests).toHaveLength(2);
});

test("U4 somebody else may have created it meanwhile", async () => {
  world.http.answer = () => Response.json({ code: "session_exists", detail: "" }, { status: 409 });
  await missing();
  await pass(10);
  goLive(world.server);
  expect(world.server.connections).toHaveLength(2);
});

test("U4 a server that does not answer is asked again, at longer and longer intervals", async () => {
  world.http.answer = () => Promise.reject(new TypeError("failed to fetch"));
  const { store } = await missing();
  await pass(100);
  world.http.answer = () => new Response("<html>", { status: 502 });
  await pass(1_000);
  expect(world.http.requests).toHaveLength(2);
  await pass(1_800);
  expect(world.http.requests).toHaveLength(2);
  world.http.answer = () => Response.json({}, { status: 201 });
  await pass(300);
  expect(world.http.requests).toHaveLength(3);
  goLive(world.server);
  expect(store.session.link).toBe("live");
});

test("U4 nobody is connected who has gone while the session was created", async () => {
  const answer = Promise.withResolvers<Response>();
  world.http.answer = () => answer.promise;
  const { store } = storeOf();
  const release = store.hold();
  await settle();
  world.server.connection.drop(4404);
  await settle();
  release();
  await pass(6_000);
  answer.resolve(Response.json({}, { status: 201 }));
  await pass(60_000);
  expect(world.server.connections).toHaveLength(1);
});
