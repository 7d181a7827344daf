import { expect, test, vi } from "vitest";
import { DEAD_LINK_MS, MAX_SUBSCRIPTIONS_PER_SOCKET } from "../../src/protocol/index.ts";
import { pass, settle, useSimulatedTime } from "../client/client-setup.ts";
import { clientOf, follow, ShardServer } from "./shard-server.ts";

useSimulatedTime();

const add = (server: ShardServer, id: string, place = 0, title = id) =>
  server.call("addTask", { board: "b", id, title, place });

test("Z203 a query is asked for when somebody listens, once, and then is as it is in the shard", async () => {
  const server = new ShardServer();
  add(server, "one", 1);
  const client = clientOf(server);
  expect(server.connections).toEqual([]);
  const [first, second] = [follow(client), follow(client)];
  expect(first.view).toEqual({ status: "loading", value: undefined, error: undefined });
  await settle();
  expect(server.connection.all("subscribe")).toHaveLength(1);
  expect(client.getState().link).toBe("live");
  add(server, "two", 0);
  await settle();
  server.call("change", { id: "two", place: 2, title: "2" });
  server.call("remove", "one");
  await settle();
  expect(first.titles).toEqual([undefined, "one", "two one", "one 2", "2"]);
  expect(first.view).toMatchObject({
    status: "live",
    value: [{ id: "two", title: "2", place: 2 }],
  });
  expect(second.view).toBe(first.view);
});

test("Z203 equal arguments are one query, in whatever order they are written", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const args = [
    { b: 1, a: { d: [1], c: 2 } },
    { a: { c: 2, d: [1] }, b: 1 },
  ];
  for (const one of args) client.subscribe("tasks", { board: "b", ...one }, () => {});
  client.subscribe("tasks", { board: "c" }, () => {});
  await settle();
  expect(server.connection.all("subscribe")).toHaveLength(2);
});

test("Z203 a query that nobody listens to is ended, a while after the last has gone", async () => {
  const server = new ShardServer();
  const client = clientOf(server, { lingerMs: 100 });
  const [first, second] = [follow(client), follow(client)];
  await settle();
  first.stop();
  first.stop();
  await pass(100);
  expect(server.connection.all("unsubscribe")).toEqual([]);
  second.stop();
  await pass(98);
  const third = follow(client);
  expect(third.view?.status).toBe("live");
  await pass(100);
  third.stop();
  await pass(100);
  expect(server.connection.all("unsubscribe")).toEqual([{ t: "unsubscribe", id: 0 }]);
  const before = server.connection.link;
  add(server, "one");
  await settle();
  expect(third.titles).toEqual([""]);
  expect(before.isCut).toBe(false);
  expect(follow(client).view?.status).toBe("loading");
});

test("Z204 what one commit changes of several queries is shown of all of them at once", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const tasks = client.watch("tasks", { board: "b" });
  const count = client.watch("count", { board: "b" });
  const seen: unknown[] = [];
  const look = () => seen.push([tasks.get().value?.length, count.get().value]);
  tasks.subscribe(look);
  count.subscribe(look);
  await settle();
  seen.length = 0;
  add(server, "one");
  await settle();
  expect(seen).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

test("Z205 what did not change is the same object, in a delta, in a snapshot and after a reset", async () => {
  const server = new ShardServer();
  for (const id of ["one", "two", "three"]) add(server, id, 0, `${id} ${"x".repeat(100)}`);
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  const before = tasks.view?.value;
  const rowOf = (id: string) => tasks.view?.value?.find((one) => one.id === id);
  const [one, two] = [rowOf("one"), rowOf("two")];
  server.call("change", { id: "three", place: 7 });
  await settle();
  expect(tasks.view?.value).not.toBe(before);
  expect([rowOf("one"), rowOf("two")]).toEqual([one, two]);
  expect(rowOf("one")).toBe(one);
  // So much that it comes whole.
  server.call("remove", "three");
  server.call("change", { id: "one", place: 9 });
  await settle();
  expect(rowOf("two")).toBe(two);
  const moved = rowOf("one");
  server.connection.deliver(
    JSON.stringify({ t: "reset", id: 0, position: 99, value: structuredClone(tasks.view?.value) }),
  );
  await settle();
  expect(rowOf("one")).toBe(moved);
  const { length } = tasks.views;
  server.connection.deliver(JSON.stringify({ t: "commit", position: 99, changes: [] }));
  expect(tasks.views).toHaveLength(length);
});

test.each([false, true])(
  "Z206 who comes back gets what was missed and nothing else (the shard has lost its memory: %s)",
  async (isLost) => {
    const server = new ShardServer();
    add(server, "one", 0, "x".repeat(500));
    const client = clientOf(server);
    const tasks = follow(client);
    await settle();
    const one = tasks.view?.value?.[0];
    server.connection.drop();
    expect(tasks.view).toMatchObject({ status: "stale", value: [{ id: "one" }] });
    expect(client.getState().link).toBe("offline");
    add(server, "two", 1);
    if (isLost) server.loseMemory();
    await pass(1_000);
    expect(server.connection.all("subscribe")).toMatchObject([{ since: 1 }]);
    expect(tasks.view?.status).toBe("live");
    expect(tasks.view?.value?.map(({ id }) => id)).toEqual(["one", "two"]);
    expect(tasks.view?.value?.[0]).toBe(one);
  },
);

test("Z206 `since` is the position up to which the connection has told of everything", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  follow(client);
  client.subscribe("count", { board: "other" }, () => {});
  await settle();
  add(server, "one");
  add(server, "two");
  await settle();
  server.connection.drop();
  await pass(1_000);
  expect(server.connection.all("subscribe")).toMatchObject([{ since: 2 }, { since: 2 }]);
});

test("Z206 where what was missed is not known any more the result comes whole", async () => {
  const server = new ShardServer();
  add(server, "one");
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  server.connection.drop();
  server.sql.run("DELETE FROM perdure_queries");
  server.loseMemory();
  add(server, "two");
  await pass(1_000);
  expect(tasks.titles).toEqual([undefined, "one", "one", "one two"]);
});

test("Z207 a change that does not belong to the result has the query asked for anew, without `since`", async () => {
  const server = new ShardServer();
  add(server, "one");
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  server.connection.drop();
  await pass(1_000);
  const lost = { delta: { delete: ["nobody"] } };
  server.connection.deliver(JSON.stringify({ t: "commit", position: 1, changes: [[1, lost]] }));
  expect(tasks.view).toMatchObject({ status: "stale", value: [{ id: "one" }] });
  await settle();
  expect(tasks.view?.status).toBe("live");
  expect(server.connection.all("unsubscribe")).toEqual([{ t: "unsubscribe", id: 1 }]);
  expect(server.connection.all("subscribe")[1]).toEqual({
    t: "subscribe",
    id: 2,
    functionPath: "queries.tasks",
    args: { board: "b" },
  });
});

test("Z207 positions that fall are those of other storage: everything is asked for anew", async () => {
  const server = new ShardServer();
  add(server, "one");
  const client = clientOf(server);
  follow(client);
  await settle();
  server.connection.deliver(JSON.stringify({ t: "commit", position: 0, changes: [] }));
  await settle();
  expect(server.connections).toHaveLength(2);
  expect(server.connection.all("subscribe")).toMatchObject([{ id: 1 }]);
  expect(server.connection.all("subscribe")[0]).not.toHaveProperty("since");
  expect(client.getState().link).toBe("live");
});

test("Z207 positions of erased storage mean nothing in what came after it", async () => {
  const server = new ShardServer();
  add(server, "one");
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  server.connection.drop();
  // As if the storage had been erased, and others had committed and followed since.
  server.sql.run("DELETE FROM tasks");
  server.sql.run("UPDATE perdure_shard SET value = 'new' WHERE name = 'history'");
  server.loseMemory();
  await pass(1_000);
  expect(server.connection.all("subscribe")[0]).not.toHaveProperty("since");
  expect(tasks.titles).toEqual([undefined, "one", "one", ""]);
});

test("Z208 nothing that was followed is shown to somebody else, nor taken up for them", async () => {
  const server = new ShardServer();
  server.identity = { subject: "ada" };
  const client = clientOf(server);
  const shown: unknown[] = [];
  client.subscribe("me", null, ({ status, value }) => shown.push([status, value]));
  await settle();
  server.identity = { subject: "bob" };
  server.connection.drop();
  await pass(1_000);
  expect(server.connection.all("subscribe")[0]).not.toHaveProperty("since");
  expect(shown).toEqual([
    ["loading", undefined],
    ["live", "ada"],
    ["stale", "ada"],
    ["loading", undefined],
    ["live", "bob"],
  ]);
});

test("Z208 who comes back with another login goes on", async () => {
  const server = new ShardServer();
  server.identity = { subject: "ada" };
  let logins = 0;
  const client = clientOf(server, { token: () => `token${(logins += 1)}` });
  client.subscribe("me", null, () => {});
  await settle();
  server.connection.drop();
  await pass(1_000);
  expect(server.connection.protocols).toEqual(["perdure", "perdure.token.token2"]);
  expect(server.connection.all("subscribe")).toMatchObject([{ since: 0 }]);
});

test("Z214 a query that fails shows the last result and why, until it has one again", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const shown: unknown[] = [];
  client.subscribe("unless", "bad", ({ status, value, error }) =>
    shown.push([status, value?.length, error?.code]),
  );
  await settle();
  add(server, "bad");
  await settle();
  server.connection.drop();
  await pass(1_000);
  server.call("remove", "bad");
  await settle();
  expect(shown).toEqual([
    ["loading", undefined, undefined],
    ["live", 0, undefined],
    ["failed", 0, "room_full"],
    ["live", 0, undefined],
  ]);
});

test("Z214 a query that is refused says why, and is asked for again on the next connection", async () => {
  const server = new ShardServer();
  add(server, "bad");
  const client = clientOf(server);
  const views: unknown[] = [];
  client.subscribe("unless", "bad", ({ status, error }) => views.push([status, error?.message]));
  await settle();
  expect(client.getState().link).toBe("live");
  server.call("remove", "bad");
  server.connection.drop();
  await pass(1_000);
  expect(views).toEqual([
    ["loading", undefined],
    ["failed", "There is bad."],
    ["loading", undefined],
    ["live", undefined],
  ]);
});

test("Z214 what may not be read any more is gone", async () => {
  const server = new ShardServer();
  add(server, "one");
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  server.functions = ["queries.count"];
  server.connection.drop();
  await pass(1_000);
  expect(tasks.view).toMatchObject({
    status: "failed",
    value: undefined,
    error: { code: "forbidden" },
  });
});

test("Z214 one subscription more than a socket may have waits for the end of another", async () => {
  const server = new ShardServer();
  const client = clientOf(server, { lingerMs: 0 });
  const stop = Array.from({ length: MAX_SUBSCRIPTIONS_PER_SOCKET }, (_, index) =>
    client.subscribe("count", { board: `${index}` }, () => {}),
  );
  const last = follow(client);
  await settle();
  await pass(200);
  expect(last.view?.error?.code).toBe("too_many_queries");
  stop[7]?.();
  await pass(400);
  expect(last.view?.status).toBe("live");
});

test("Z215 a link that is closed for good fails what is followed, and `connect` begins anew", async () => {
  const server = new ShardServer();
  add(server, "one");
  const client = clientOf(server);
  const tasks = follow(client);
  await settle();
  server.connection.drop(4401, "The login is over.");
  const problem = { code: "unauthorized", detail: "The login is over." };
  expect(client.getState()).toMatchObject({ link: "closed", problem });
  expect(tasks.view).toMatchObject({
    status: "failed",
    value: [{ id: "one" }],
    error: { code: "unauthorized" },
  });
  const count = client.watch("count", { board: "b" });
  count.subscribe(() => {});
  expect(count.get()).toMatchObject({ status: "failed", error: { code: "unauthorized" } });
  await expect(client.query("count", { board: "b" })).rejects.toMatchObject({ code: problem.code });
  client.connect();
  await settle();
  expect(client.getState()).toMatchObject({ link: "live", problem: undefined });
  expect([tasks.view?.status, count.get().value]).toEqual(["live", 1]);
});

test("Z215 a server of another version closes the link for good", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  follow(client);
  const told: unknown[] = [];
  client.onError(({ code }) => told.push(code));
  server.take = (connection) => {
    const error = { code: "unsupported_version", detail: "Reload." };
    connection.link.send(JSON.stringify({ t: "error", i: "i", error }));
    connection.link.close(4400, "Reload.");
  };
  await settle();
  expect(client.getState()).toMatchObject({
    link: "closed",
    problem: { code: "unsupported_version" },
  });
  expect(told).toEqual(["unsupported_version"]);
});

test("Z215 after `close` nothing connects by itself", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  client.close();
  follow(client);
  await settle();
  expect([client.getState().link, server.connections.length]).toEqual(["closed", 0]);
  client.connect();
  await settle();
  expect(client.getState().link).toBe("live");
});

test("Z216 a shard that does not answer is asked on another connection", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  const tasks = follow(client);
  const take = vi.spyOn(server, "take").mockImplementation(() => {});
  await settle();
  expect(client.getState().link).toBe("catching-up");
  await pass(DEAD_LINK_MS - 2);
  expect(server.connections).toHaveLength(1);
  take.mockRestore();
  await pass(10);
  expect(server.connections).toHaveLength(2);
  expect(tasks.view?.status).toBe("live");
  await pass(DEAD_LINK_MS * 3);
  expect(server.connections).toHaveLength(2);
});

test("Z216 what has arrived is acknowledged", async () => {
  const server = new ShardServer();
  const client = clientOf(server);
  follow(client);
  await settle();
  for (let index = 0; index < 8; index += 1) add(server, `${index}`, 0, "x".repeat(200_000));
  await settle();
  const [ack] = server.connection.all("ack");
  expect(ack?.units).toBeGreaterThan(1024 * 1024);
  expect(server.connection.all("ack")).toHaveLength(1);
});
