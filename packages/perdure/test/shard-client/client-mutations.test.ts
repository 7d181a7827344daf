import { expect, test } from "vitest";
import type { OutboxStore, ShardCall } from "../../src/client/index.ts";
import { MAX_PENDING_COMMANDS, storageOutboxStore } from "../../src/client/index.ts";
import { CLIENT_FRAME_BURST, MAX_CLIENT_FRAME_BYTES } from "../../src/protocol/index.ts";
import { pass, settle, START, useSimulatedTime } from "../client/client-setup.ts";
import { memoryStorage } from "../support/memory-storage.ts";
import { clientOf, follow, ShardServer } from "./shard-server.ts";

useSimulatedTime();

const task = (id: string, title = id) => ({ board: "b", id, title });

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error as { code?: unknown }).code,
  );

test("Z209 a mutation is answered, after what it changed is shown", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  const added = client
    .mutate("addTask", task("one"), { id: "m1" })
    .then((value) => [value, tasks.view?.value?.length]);
  expect(client.getState().pending).toEqual([
    {
      id: "m1",
      command: { functionPath: "mutations.addTask", args: task("one"), who: expect.any(String) },
      sentAt: START + 1,
    },
  ]);
  await settle();
  expect(await added).toEqual([{ id: "one", title: "one", place: 0 }, 1]);
  expect(client.getState().pending).toEqual([]);
  expect(await client.mutate("change", { id: "one", title: "1" })).toBeNull();
});

const IDS = ["one", "two", "three"] as const;

test.each(
  IDS.flatMap((id) =>
    (["before", "after"] as const).flatMap((where) =>
      [true, false].map((isLost) => ({ id, where, isLost })),
    ),
  ),
)(
  "Z209 mutations have their effect once and in order where the link breaks $where $id (the shard has lost its memory: $isLost)",
  async ({ id, where, isLost }) => {
    const server = new ShardServer();
    const client = clientOf(server);
    const tasks = follow(client);
    await settle();
    let isCut = false;
    server.cut = (frame) => {
      if (isCut || frame.t !== "call" || frame.id !== id) return undefined;
      isCut = true;
      if (isLost) queueMicrotask(() => server.loseMemory());
      return where;
    };
    const answers = IDS.map((one) => client.mutate("addTask", task(one), { id: one }));
    await pass(1_100);
    expect(await Promise.all(answers)).toMatchObject(IDS.map((one) => ({ id: one })));
    expect(server.connections).toHaveLength(2);
    expect(server.sql.run("SELECT id FROM tasks ORDER BY rowid")).toEqual(
      IDS.map((one) => expect.objectContaining({ id: one })),
    );
    expect(tasks.view?.value?.map((one) => one.id)).toEqual(["one", "three", "two"]);
  },
);

test("Z209 a refusal is the answer, and rejects nobody who does not wait", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const told: unknown[] = [];
  client.onError(({ code }, path) => told.push([code, path]));
  void client.mutate("addTask", task("one", ""));
  const twice = client.mutate("addTask", task("two"), { id: "m" });
  const other = client.mutate("addTask", task("three"), { id: "m" });
  expect(await codeOf(other)).toBe("id_reused");
  await settle();
  await twice;
  expect(told).toEqual([
    ["id_reused", "mutations.addTask"],
    ["bad_request", "mutations.addTask"],
  ]);
  expect(client.getState().pending).toEqual([]);
});

test("Z210 what is called while there is no connection waits, bounded and visible", async () => {
  const server = new ShardServer();
  server.isUp = false;
  const client = clientOf(server);
  const answers = Array.from({ length: MAX_PENDING_COMMANDS }, (_, index) =>
    client.mutate("addTask", task(`${index}`)),
  );
  expect(await codeOf(client.mutate("addTask", task("more")))).toBe("rate_limited");
  expect(client.getState().pending).toHaveLength(MAX_PENDING_COMMANDS);
  await pass(5_000);
  expect(client.getState().pending).toHaveLength(MAX_PENDING_COMMANDS);
  server.isUp = true;
  await pass(15_000);
  await Promise.all(answers);
  expect(server.call("count", { board: "b" })).toBe(MAX_PENDING_COMMANDS);
});

test("Z210 a mutation of an earlier page that is refused is told of, and goes", async () => {
  const server = new ShardServer();
  server.isUp = false;
  const outbox: OutboxStore<ShardCall> = storageOutboxStore(memoryStorage(), "board b");
  const before = clientOf(server, { outbox });
  void before.mutate("addTask", task("one", ""), { id: "m1" });
  before.close();
  server.isUp = true;
  const after = clientOf(server, { outbox });
  const told: unknown[] = [];
  after.onError(({ code }, path) => told.push([code, path]));
  after.connect();
  await settle();
  expect(told).toEqual([["bad_request", "mutations.addTask"]]);
  expect([after.getState().pending, outbox.load()]).toEqual([[], []]);
});

test("Z210 what a shard would not take is refused at once", async () => {
  const client = clientOf(new ShardServer());
  const long = "x".repeat(MAX_CLIENT_FRAME_BYTES);
  expect(await codeOf(client.mutate("addTask", task("one", long)))).toBe("too_large");
  expect(await codeOf(client.mutate("addTask", task("one"), { id: "with space" }))).toBe(
    "bad_frame",
  );
  expect(client.getState().pending).toEqual([]);
});

test("Z210 with a store what waits outlives the page, and is sent once by the next", async () => {
  const server = new ShardServer();
  server.isUp = false;
  const storage = memoryStorage();
  const outbox: OutboxStore<ShardCall> = storageOutboxStore(storage, "board b");
  const before = clientOf(server, { outbox });
  void before.mutate("addTask", task("one"), { id: "m1" });
  before.close();
  server.isUp = true;
  const after = clientOf(server, { outbox });
  expect(after.getState().pending).toMatchObject([{ id: "m1" }]);
  after.connect();
  await settle();
  expect(server.call("count", { board: "b" })).toBe(1);
  expect([after.getState().pending, Object.keys(storage)]).toEqual([[], []]);
});

test("Z208 what somebody asked for is never sent for somebody else: it is refused, or waits in the store for its owner", async () => {
  const server = new ShardServer();
  server.identity = { subject: "ada" };
  const outbox: OutboxStore<ShardCall> = storageOutboxStore(memoryStorage(), "board b");
  const client = clientOf(server, { outbox });
  client.connect();
  await settle();
  server.isUp = false;
  server.connection.drop();
  const mine = codeOf(client.mutate("addTask", task("mine")));
  const read = codeOf(client.query("me", null));
  server.identity = { subject: "bob" };
  server.isUp = true;
  await pass(1_000);
  expect([await mine, await read]).toEqual(["forbidden", "forbidden"]);
  expect(outbox.load()).toEqual([]);

  server.isUp = false;
  server.connection.drop();
  void client.mutate("addTask", task("of bob"));
  client.close();
  server.isUp = true;
  server.identity = { subject: "ada" };
  const ada = clientOf(server, { outbox });
  expect(ada.getState().pending).toEqual([]);
  ada.connect();
  await settle();
  expect(ada.getState().pending).toEqual([]);
  expect(server.call("count", { board: "b" })).toBe(0);
  ada.close();
  server.identity = { subject: "bob" };
  const bob = clientOf(server, { outbox });
  bob.connect();
  await settle();
  expect(server.call("count", { board: "b" })).toBe(1);
});

test("Z210 what was asked for before the first welcome is whoever's that welcome is for", async () => {
  const server = new ShardServer();
  server.identity = { subject: "ada" };
  const outbox: OutboxStore<ShardCall> = storageOutboxStore(memoryStorage(), "board b");
  const client = clientOf(server, { outbox });
  server.cut = (frame) => (frame.t === "call" ? "before" : undefined);
  const answer = codeOf(client.mutate("addTask", task("one")));
  await settle();
  expect(outbox.load()).toMatchObject([{ command: { who: expect.any(String) } }]);
  server.identity = { subject: "bob" };
  server.cut = () => undefined;
  await pass(1_000);
  expect(await answer).toBe("forbidden");
});

test("Z213 a query may be asked once, over a link that breaks", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  server.call("addTask", task("one"));
  let cuts = 0;
  server.cut = (frame) => (frame.t === "call" && (cuts += 1) < 3 ? "after" : undefined);
  const count = client.query("count", { board: "b" });
  await pass(10_000);
  expect(await count).toBe(1);
  expect(client.getState().pending).toEqual([]);
});

test("Z217 who comes back stays within what a socket may send at once", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  for (let index = 0; index < 128; index += 1)
    client.subscribe("count", { board: `${index}` }, () => {});
  await settle();
  server.isUp = false;
  server.connection.drop();
  const answers = Array.from({ length: MAX_PENDING_COMMANDS }, (_, index) =>
    client.mutate("addTask", task(`${index}`)),
  );
  server.isUp = true;
  await pass(1_000);
  const { length } = server.connection.frames;
  expect(length).toBeGreaterThan(128);
  expect(length).toBeLessThanOrEqual(CLIENT_FRAME_BURST);
  await pass(1_000);
  expect(server.connection.frames.length - length).toBeLessThanOrEqual(50);
  await pass(10_000);
  await Promise.all(answers);
});
