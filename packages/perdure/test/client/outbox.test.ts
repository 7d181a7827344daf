import { expect, test } from "vitest";
import { MAX_PENDING_COMMANDS, storageOutboxStore } from "../../src/client/index.ts";
import {
  CLIENT_FRAME_BURST,
  MAX_CLIENT_FRAME_BYTES,
  PerdureError,
} from "../../src/protocol/index.ts";
import { memoryStorage } from "../support/memory-storage.ts";
import {
  START,
  clientOf,
  liveClient,
  pass,
  settle,
  sharedStore,
  useSimulatedTime,
} from "./client-setup.ts";
import { FakeServer } from "./fake-server.ts";
import { reply } from "./frames.ts";
import { stubPage } from "./page.ts";

useSimulatedTime();

/** The ids of the commands that the newest connection got. */
const sentIds = (server: FakeServer) => server.connection.of("command").map(({ id }) => id);

/** The code of the error that a promise rejects with. */
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof PerdureError ? error.code : error),
  );

test("a prompt is sent as a command and resolves with the reply to it", async () => {
  const { server, client } = await liveClient();
  const sent = client.send("Hi", { id: "p1", metadata: { from: "phone" } });
  await settle();
  expect(server.connection.of("command")).toEqual([
    {
      t: "command",
      id: "p1",
      command: {
        op: "prompt",
        parts: [{ type: "text", text: "Hi" }],
        metadata: { from: "phone" },
      },
    },
  ]);
  expect(client.getState().outbox).toMatchObject([{ id: "p1", sentAt: START + 1 }]);
  server.connection.push(reply("p1", 7));
  await expect(sent).resolves.toEqual({ turn: "p1", position: 7 });
  expect(client.getState().outbox).toEqual([]);
});

test("C15 a command without a reply is sent again after 10 s on an open link, until it has one", async () => {
  const { server, client } = await liveClient();
  const sent = client.send("Hi", { id: "p1" });
  await pass(9_999);
  expect(sentIds(server)).toEqual(["p1"]);
  await pass(1);
  expect(sentIds(server)).toEqual(["p1", "p1"]);
  await pass(10_000);
  expect(sentIds(server)).toEqual(["p1", "p1", "p1"]);
  server.connection.push(reply("p1", 7));
  await expect(sent).resolves.toMatchObject({ position: 7 });
  await pass(30_000);
  expect(sentIds(server)).toHaveLength(3);
});

test("an id that was answered is sent again at once when it is used again", async () => {
  const { server, client } = await liveClient();
  const first = client.send("Hi", { id: "p1" });
  await settle();
  server.connection.push(reply("p1", 7));
  await first;
  void client.send("Hi", { id: "p1" });
  await settle();
  expect(sentIds(server)).toEqual(["p1", "p1"]);
});

test("each method sends its command", async () => {
  const { server, client } = await liveClient();
  void client.cancel();
  void client.cancel("t1");
  void client.approve("a1", "allow", "fine");
  void client.setMeta({ title: "New", old: null });
  void client.pause();
  void client.resume();
  void client.terminate();
  await settle();
  expect(server.connection.of("command").map(({ command }) => command)).toEqual([
    { op: "cancel" },
    { op: "cancel", turn: "t1" },
    { op: "decide", approval: "a1", option: "allow", reason: "fine" },
    { op: "set-meta", patch: { title: "New", old: null } },
    { op: "pause" },
    { op: "resume" },
    { op: "terminate" },
  ]);
});

test("a command gets a UUID of version 7 that tells when it was given", async () => {
  const { client } = await liveClient();
  void client.send("Hi");
  await settle();
  const id = client.getState().outbox[0]?.id ?? "";
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(START + 1);
});

test("a refusal rejects with the server's error, from a reply and from an error frame", async () => {
  const { server, client } = await liveClient();
  const first = codeOf(client.approve("a1", "allow"));
  const second = codeOf(client.approve("a2", "allow"));
  await settle();
  const [one = "", two = ""] = sentIds(server);
  const error = { code: "already_decided", detail: "Ann did." };
  server.connection.push({ t: "reply", i: "one", id: one, reply: { ok: false, error } });
  server.connection.push({ t: "error", i: "one", id: two, error });
  expect(await Promise.all([first, second])).toEqual(["already_decided", "already_decided"]);
  expect(client.getState().outbox).toEqual([]);
});

test("what has no answer is sent again after a reconnect, in order, under the same ids", async () => {
  const { server, client } = await liveClient();
  const first = client.send("one", { id: "p1" });
  const second = client.send("two", { id: "p2" });
  const third = client.send("three", { id: "p3" });
  await settle();
  server.connection.push(reply("p2"));
  server.connection.drop();
  await pass(1_100);
  expect(server.connection.received.map(({ t }) => t)).toEqual(["hello", "command", "command"]);
  expect(sentIds(server)).toEqual(["p1", "p3"]);
  server.connection.push(reply("p1"));
  server.connection.push(reply("p3"));
  await Promise.all([first, second, third]);
});

test("a command given while the link is down waits for it", async () => {
  const server = new FakeServer();
  const client = clientOf(server);
  void client.send("early", { id: "p1" });
  client.connect();
  await settle();
  expect(sentIds(server)).toEqual(["p1"]);
  expect(server.connection.received[0]?.t).toBe("hello");
});

test("a command is in the store before it is on the link", async () => {
  const server = new FakeServer();
  const order: string[] = [];
  const store = { ...sharedStore(), put: () => void order.push("stored") };
  const client = clientOf(server, { outbox: store });
  client.connect();
  await settle();
  const { connection } = server;
  const send = connection.send.bind(connection);
  connection.send = (data) => {
    order.push("sent");
    send(data);
  };
  void client.send("Hi");
  await settle();
  expect(order).toEqual(["stored", "sent"]);
});

test("after a reload the page's commands are pending, are sent again and go with their replies", async () => {
  const store = sharedStore();
  const { client: before } = await liveClient({ outbox: store });
  void before.send("one", { id: "p1" });
  void before.send("two", { id: "p2" });
  await settle();
  before.close();

  const server = new FakeServer();
  const after = clientOf(server, { outbox: store });
  expect(after.getState().outbox.map(({ id }) => id)).toEqual(["p1", "p2"]);
  after.connect();
  await settle();
  expect(sentIds(server)).toEqual(["p1", "p2"]);
  server.connection.push(reply("p1"));
  server.connection.push(reply("p2"));
  expect(after.getState().outbox).toEqual([]);
  expect(store.ids()).toEqual([]);
});

test("a tab sends what a tab that is gone left behind, when it next connects", async () => {
  const store = sharedStore();
  const { server, client } = await liveClient({ outbox: store });
  const { client: other } = await liveClient({ outbox: store });
  void other.send("left", { id: "p1" });
  await settle();
  other.close();
  expect(sentIds(server)).toEqual([]);
  server.connection.drop();
  await pass(1_100);
  expect(sentIds(server)).toEqual(["p1"]);
  expect(client.getState().outbox).toHaveLength(1);
});

test("two tabs that share a store each get the answer to what both have sent", async () => {
  const store = sharedStore();
  const first = await liveClient({ outbox: store });
  const sent = first.client.send("Hi", { id: "p1" });
  await settle();
  const second = await liveClient({ outbox: store });
  expect(sentIds(second.server)).toEqual(["p1"]);
  second.server.connection.push(reply("p1"));
  expect(second.client.getState().outbox).toEqual([]);
  first.server.connection.push(reply("p1", 9));
  await expect(sent).resolves.toEqual({ turn: "p1", position: 9 });
});

function refuse(): never {
  throw new DOMException("full", "QuotaExceededError");
}

test("a store that is full costs no command", async () => {
  const { server, client } = await liveClient({
    outbox: { load: refuse, put: refuse, remove: refuse },
  });
  const sent = client.send("Hi", { id: "p1" });
  await settle();
  expect(sentIds(server)).toEqual(["p1"]);
  server.connection.push(reply("p1"));
  await sent;
});

test("the outbox is bounded", async () => {
  const client = clientOf(new FakeServer());
  for (let count = 0; count < MAX_PENDING_COMMANDS; count += 1) void client.send(`${count}`);
  expect(await codeOf(client.send("one more"))).toBe("rate_limited");
  expect(client.getState().outbox).toHaveLength(MAX_PENDING_COMMANDS);
});

test("a full outbox is sent at a pace that the server's limit allows", async () => {
  const server = new FakeServer();
  const client = clientOf(server);
  const ids = Array.from({ length: MAX_PENDING_COMMANDS }, (_, index) => `p${index}`);
  for (const id of ids) void client.send(id, { id });
  client.connect();
  await settle();
  expect(server.connection.received.length).toBeLessThanOrEqual(CLIENT_FRAME_BURST / 2 + 1);
  await pass(1_000);
  expect(server.connection.received.length).toBeLessThanOrEqual(CLIENT_FRAME_BURST / 2 + 27);
  await pass(4_000);
  expect(sentIds(server)).toEqual(ids);
});

test("the same id with the same command is one request, with another it is an error", async () => {
  const { server, client } = await liveClient();
  const first = client.send("Hi", { id: "p1" });
  const second = client.send("Hi", { id: "p1" });
  expect(await codeOf(client.send("Ho", { id: "p1" }))).toBe("id_reused");
  expect(sentIds(server)).toEqual(["p1"]);
  server.connection.push(reply("p1", 4));
  expect(await Promise.all([first, second])).toEqual([
    { turn: "p1", position: 4 },
    { turn: "p1", position: 4 },
  ]);
});

test("what the server would close the link for is refused at once", async () => {
  const { server, client } = await liveClient();
  expect(await codeOf(client.send("€".repeat(MAX_CLIENT_FRAME_BYTES / 3)))).toBe("too_large");
  expect(await codeOf(client.send("Hi", { id: "with space" }))).toBe("bad_frame");
  expect(server.connection.of("command")).toEqual([]);
});

test("a link closed for good rejects what callers wait for, and sends none of it later", async () => {
  const store = sharedStore();
  const { server, client } = await liveClient({ outbox: store });
  const waiting = codeOf(client.send("Hi"));
  await settle();
  server.connection.drop(4404);
  expect(await waiting).toBe("session_not_found");
  expect(await codeOf(client.send("more"))).toBe("session_not_found");
  expect(client.getState().outbox).toEqual([]);
  expect(store.ids()).toEqual([]);
});

test("a lost login keeps what an earlier page left; a refused frame does not come back", async () => {
  for (const [code, left] of [
    [4401, ["p1"]],
    [4400, []],
    [4413, []],
  ] as const) {
    const store = sharedStore();
    store.put({ id: "p1", command: { op: "pause" }, sentAt: 1 });
    const { server } = await liveClient({ outbox: store });
    expect(sentIds(server)).toEqual(["p1"]);
    server.connection.drop(code);
    expect(store.ids()).toEqual(left);
  }
});

test("a reply to something unknown has no effect", async () => {
  const { server, client } = await liveClient();
  const before = client.getState();
  server.connection.push(reply("never"));
  expect(client.getState()).toBe(before);
});

const entry = (id: string, sentAt: number) => ({ id, sentAt, command: { op: "pause" } as const });

test("a storage keeps entries apart by session, in the order in which they were given", () => {
  const storage = memoryStorage();
  const here = storageOutboxStore(storage, "wss://a/s");
  const there = storageOutboxStore(storage, "wss://a/s2");
  here.put(entry("later", 2));
  there.put(entry("other", 1));
  here.put(entry("sooner", 1));
  storage.setItem("perdure.outbox wss://a/s broken", "{");
  storage.setItem("perdure.outbox wss://a/s odd", '{"id":"odd"}');
  expect(here.load()).toEqual([entry("sooner", 1), entry("later", 2)]);
  here.remove("sooner");
  expect(here.load()).toEqual([entry("later", 2)]);
  expect(there.load()).toEqual([entry("other", 1)]);
});

test("a page without a store of its own keeps commands in localStorage", () => {
  stubPage(memoryStorage());
  const before = clientOf(new FakeServer());
  void before.send("Hi", { id: "p1" });
  expect(
    clientOf(new FakeServer())
      .getState()
      .outbox.map(({ id }) => id),
  ).toEqual(["p1"]);
  expect(clientOf(new FakeServer(), { session: "t" }).getState().outbox).toEqual([]);
});
