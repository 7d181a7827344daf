import { expect, test, vi } from "vitest";
import type { OptimisticUpdates, OutboxStore, ShardCall } from "../../src/client/index.ts";
import { storageOutboxStore } from "../../src/client/index.ts";
import { pass, settle, useSimulatedTime } from "../client/client-setup.ts";
import { memoryStorage } from "../support/memory-storage.ts";
import type { Board } from "./board.ts";
import { clientOf, follow, ShardServer } from "./shard-server.ts";

useSimulatedTime();

const task = (id: string, title = id) => ({ board: "b", id, title });

/** What the board shows before it is answered. */
const optimistic: OptimisticUpdates<Board> = {
  addTask: (views, { board, id, title, place = 0 }) =>
    views.update("tasks", { board }, (rows) => [...rows, { id, title, place }]),
  change: (views, { id, title }) =>
    views.update("tasks", { board: "b" }, (rows) =>
      rows.map((row) => (row.id === id && title !== undefined ? { ...row, title } : row)),
    ),
};

test("Z211 what a mutation does is shown at once, and once", async () => {
  const server = new ShardServer();
  const client = clientOf(server, { optimistic });
  const tasks = follow(client);
  await settle();
  const answer = client.mutate("addTask", task("one"));
  expect(tasks.titles).toEqual([undefined, "", "one"]);
  await settle();
  await answer;
  // The shard's own row is the same, so nothing is told again.
  expect(tasks.titles).toEqual([undefined, "", "one"]);
  server.call("remove", "one");
  await settle();
  expect(tasks.titles).toEqual([undefined, "", "one", ""]);
});

test("Z211 what is refused is taken back", async () => {
  const server = new ShardServer();
  const client = clientOf(server, { optimistic });
  const tasks = follow(client);
  server.call("addTask", task("one"));
  await settle();
  const answer = client.mutate("addTask", task("bad", ""));
  const seen = tasks.views.length;
  expect(tasks.view?.value).toHaveLength(2);
  await expect(answer).rejects.toMatchObject({ code: "bad_request" });
  await settle();
  expect(tasks.views.slice(seen).map(({ value }) => value?.length)).toEqual([1]);
});

test.each(["before", "after"] as const)(
  "Z211 nothing flickers where the link breaks %s the mutation",
  async (where) => {
    const server = new ShardServer();
    server.call("addTask", task("zero"));
    const client = clientOf(server, { optimistic });
    const tasks = follow(client);
    await settle();
    let isCut = false;
    server.cut = (frame) => {
      if (frame.t !== "call" || isCut) return undefined;
      isCut = true;
      return where;
    };
    const answer = client.mutate("addTask", task("a"));
    await pass(1_100);
    await answer;
    expect(tasks.views.slice(1).map(({ value }) => value?.length)).toEqual([1, 2, 2, 2]);
    expect(tasks.view?.status).toBe("live");
  },
);

test("Z211 a call that says what it shows is shown so", async () => {
  const server = new ShardServer();
  const client = clientOf(server, { optimistic });
  const tasks = follow(client);
  await settle();
  void client.mutate("addTask", task("one"), {
    optimistic: (views) => {
      expect(views.get("tasks", { board: "b" })).toEqual([]);
      expect(views.get("count", { board: "b" })).toBeUndefined();
      views.update("tasks", { board: "b" }, (rows) => [
        ...rows,
        { id: "one", title: "…", place: 0 },
      ]);
    },
  });
  expect(tasks.titles.at(-1)).toBe("…");
  await settle();
  expect(tasks.titles.at(-1)).toBe("one");
});

test("Z212 what waits is shown over what others commit, in the order of the calls", async () => {
  const server = new ShardServer();
  server.call("addTask", task("one"));
  const client = clientOf(server, { optimistic });
  const tasks = follow(client);
  await settle();
  server.isUp = false;
  server.connection.drop();
  const one = client.mutate("change", { id: "one", title: "first" });
  const two = client.mutate("change", { id: "one", title: "second" });
  const three = client.mutate("addTask", task("two"));
  expect(tasks.titles.slice(2)).toEqual(["one", "first", "second", "second two"]);
  server.call("change", { id: "one", title: "theirs" });
  server.call("addTask", task("a", "theirs too"));
  server.isUp = true;
  await pass(2_000);
  await Promise.all([one, two, three]);
  expect(tasks.titles.slice(6)).toEqual(["theirs too second two"]);
});

test("Z212 rows of others keep their identity while something waits", async () => {
  const server = new ShardServer();
  server.call("addTask", task("one"));
  const client = clientOf(server, { optimistic });
  const tasks = follow(client);
  await settle();
  const row = tasks.view?.value?.[0];
  const answer = client.mutate("addTask", task("two"));
  const added = tasks.view?.value?.[1];
  await settle();
  await answer;
  expect(tasks.view?.value?.[0]).toBe(row);
  expect(tasks.view?.value?.[1]).toBe(added);
});

test("Z211 what waited in the store is shown again after a reload, once", async () => {
  const server = new ShardServer();
  server.identity = { subject: "ada" };
  const outbox: OutboxStore<ShardCall> = storageOutboxStore(memoryStorage(), "board b");
  const before = clientOf(server, { outbox, optimistic });
  before.connect();
  await settle();
  server.cut = (frame) => (frame.t === "call" ? "after" : undefined);
  void before.mutate("addTask", task("one"));
  await settle();
  before.close();
  expect(server.call("count", { board: "b" })).toBe(1);
  server.cut = () => undefined;
  const after = clientOf(server, { outbox, optimistic });
  const tasks = follow(after);
  await settle();
  expect(tasks.titles).toEqual([undefined, "one"]);
  expect(after.getState().pending).toEqual([]);
});

test("Z211 an update that throws is the page's to see, and shows nothing", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  const thrown = vi.fn<(error: unknown) => void>();
  const queue = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
    void Promise.resolve().then(task).catch(thrown);
  });
  const answer = client.mutate("addTask", task("one"), {
    optimistic: (views) =>
      views.update("tasks", { board: "b" }, () => {
        throw new Error("no");
      }),
  });
  await settle();
  queue.mockRestore();
  expect(await answer).toMatchObject({ id: "one" });
  expect(tasks.titles).toEqual([undefined, "", "one"]);
  expect(thrown).toHaveBeenCalledOnce();
});
