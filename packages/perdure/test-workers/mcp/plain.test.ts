import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { registryName, registryOf, sessionName } from "../../src/mcp/placement.ts";
import { McpClient, ReadStream } from "./mcp-client.ts";
import type { PlainServer } from "./plain-server.ts";
import { plainServer } from "./plain-server.ts";

const clientOf = (isolate: PlainServer) => new McpClient(isolate.handler).initialize({ roots: {} });

/** The same client, whose requests come to another isolate. */
function elsewhere(client: McpClient, isolate = plainServer()): McpClient {
  const other = new McpClient(isolate.handler);
  other.session = client.session;
  return other;
}

const objectOf = (id: string) => env.TMCP_DURABLE_OBJECT.getByName(sessionName(id));

const registryFor = (key: string) =>
  env.TMCP_DURABLE_OBJECT.getByName(registryName(registryOf(key)));

/** How many rows a table of an object has; 0 where there is no such table. */
const rowsOf = (object: DurableObjectStub, sql: string, ...values: string[]) =>
  runInDurableObject(object, (_object, { storage }) => {
    const [, table = ""] = / FROM (\w+)/.exec(sql) ?? [];
    const isThere =
      storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).toArray().length > 0;
    return isThere ? storage.sql.exec(sql, ...values).toArray().length : 0;
  });

async function textOf(stream: Awaited<ReturnType<McpClient["call"]>>): Promise<string> {
  const [answer] = (await stream.rest()).slice(-1);
  const { result } = answer as { result: { content: { text: string }[] } };
  return result.content[0]?.text ?? "";
}

const whoami = async (client: McpClient) =>
  JSON.parse(await textOf(await client.call("whoami"))) as Record<string, unknown>;

const levels = async (client: McpClient) =>
  (await (await client.call("log")).rest()).flatMap(({ params }) =>
    params === undefined ? [] : [(params as { level: string }).level],
  );

const LIST_CHANGED = { method: "notifications/tools/list_changed" };

test("F60 what a client said of itself is there in its next request, elsewhere, and after an eviction", async () => {
  const client = await clientOf(plainServer());
  const known = { clientInfo: { name: "test", version: "1" }, clientCapabilities: { roots: {} } };
  expect(await whoami(client)).toMatchObject(known);
  expect(await whoami(elsewhere(client))).toMatchObject(known);
  await evictDurableObject(objectOf(client.session));
  expect(await whoami(elsewhere(client))).toMatchObject(known);
});

test("F61 the level of a client's log is there in its next request, elsewhere, and after an eviction", async () => {
  const client = await clientOf(plainServer());
  await (await client.request("logging/setLevel", { level: "warning" })).rest();
  await vi.waitFor(async () => expect(await levels(client)).toEqual(["warning", "error"]));
  await evictDurableObject(objectOf(client.session));
  expect(await levels(elsewhere(client))).toEqual(["warning", "error"]);
});

test("F62 who follows a resource hears of it once, and nobody else does", async () => {
  const isolate = plainServer();
  const [follower, other] = [await clientOf(isolate), await clientOf(isolate)];
  await (await follower.request("resources/subscribe", { uri: "test://doc" })).rest();
  await (await other.request("resources/subscribe", { uri: "test://doc/1" })).rest();
  const { info } = isolate.manager;
  await vi.waitFor(async () => {
    expect(await info.getSubscriptions("test://doc")).toContain(follower.session);
    expect(await info.getSubscriptions("test://doc/1")).toContain(other.session);
  });
  expect(await info.getSubscriptions("test://doc")).not.toContain(other.session);
  for (const uri of ["test://do", "test://doc?x=1", "TEST://doc", "test://doc/"])
    expect(await info.getSubscriptions(uri)).toEqual([]);
  const [mine, others] = [await follower.listen(), await other.listen()];
  await (await elsewhere(other).call("touch", { uri: "test://doc" })).rest();
  const updated = "notifications/resources/updated";
  expect(await mine.message()).toMatchObject({ method: updated, params: { uri: "test://doc" } });
  await isolate.manager.send([follower.session, other.session], message("after"));
  expect(await mine.message()).toEqual(said("after"));
  expect(await others.message()).toEqual(said("after"));
  await (await follower.request("resources/unsubscribe", { uri: "test://doc" })).rest();
  await vi.waitFor(async () =>
    expect(await info.getSubscriptions("test://doc")).not.toContain(follower.session),
  );
});

test("F63 what was sent while nobody was connected comes with the next GET, in order, each once", async () => {
  const isolate = plainServer();
  const client = await clientOf(isolate);
  const { manager } = isolate;
  for (const line of ["a", "b"]) await manager.send([client.session], message(line));
  await evictDurableObject(objectOf(client.session));
  await manager.send([client.session], message("c"));
  const stream = await client.listen();
  for (const line of ["a", "b", "c"]) expect(await stream.message()).toEqual(said(line));
  await stream.drop();
  await vi.waitFor(async () => expect(await linksOf(client.session)).toBe(0));
  await manager.send([client.session], message("d"));
  const next = await elsewhere(client).listen();
  expect(await next.message()).toEqual(said("d"));
});

test("F64 a second GET takes over, in the same isolate and in another, and the first one's end does not end it", async () => {
  const isolate = plainServer();
  const client = await clientOf(isolate);
  const first = await client.listen();
  const second = await client.listen();
  expect(second.response.status).toBe(200);
  await first.drop();
  await isolate.manager.send([client.session], message("a"));
  expect(await second.message()).toEqual(said("a"));
  const third = await elsewhere(client).listen();
  expect(third.response.status).toBe(200);
  await second.drop();
  await isolate.manager.send([client.session], message("b"));
  expect(await third.message()).toEqual(said("b"));
  // The isolate that the stream was taken from is not asked whose it is.
  await isolate.manager.streams.delete(client.session);
  await isolate.manager.send([client.session], message("c"));
  expect(await third.message()).toEqual(said("c"));
});

test("F64 a stream that holds something for its reader is not taken for the one that was cancelled", async () => {
  const { manager } = plainServer();
  const { body, controller } = newStream();
  await manager.streams.create("late", controller);
  controller.enqueue(new TextEncoder().encode(": connected\n\n"));
  await manager.streams.delete("late");
  await manager.send(["late"], message("a"));
  const stream = new ReadStream(new Response(body));
  expect(await stream.message()).toEqual(said("a"));
  await manager.delete("late");
});

test("F65 DELETE ends a session with its stream, and no row of it is left", async () => {
  const isolate = plainServer();
  const client = await clientOf(isolate);
  const uri = "test://doc?x=1";
  await (await client.request("resources/subscribe", { uri })).rest();
  await vi.waitFor(async () =>
    expect(await isolate.manager.info.getSubscriptions(uri)).toContain(client.session),
  );
  const stream = await client.listen();
  const registry = registryFor(client.session);
  const listed = "SELECT 1 FROM mcp_sessions WHERE id = ?";
  expect(await rowsOf(registry, listed, client.session)).toBe(1);
  expect((await elsewhere(client).fetch("DELETE")).status).toBe(200);
  expect(await stream.raw()).toBeUndefined();
  await vi.waitFor(async () => expect(await tablesOf(client.session)).toEqual([]));
  expect(await rowsOf(registry, listed, client.session)).toBe(0);
  const follows = "SELECT 1 FROM mcp_followers WHERE session = ?";
  expect(await rowsOf(registryFor(uri), follows, client.session)).toBe(0);
  expect(await isolate.manager.has(client.session)).toBe(false);
});

test("F66 a broadcast reaches every session once, whichever isolate it is connected to", async () => {
  const isolate = plainServer();
  const clients = [await clientOf(isolate), await clientOf(isolate), await clientOf(isolate)];
  for (const client of clients)
    await vi.waitFor(async () => expect(await isolate.manager.has(client.session)).toBe(true));
  const streams = await Promise.all(clients.map((client) => elsewhere(client).listen()));
  await (await (await clientOf(plainServer())).call("relist")).rest();
  for (const [index, stream] of streams.entries()) {
    expect(await stream.message()).toMatchObject(LIST_CHANGED);
    await isolate.manager.send([clients[index]?.session ?? ""], message("after"));
    expect(await stream.message()).toEqual(said("after"));
  }
});

test("F67 the manager begins, finds, sends to and ends a session by itself", async () => {
  const { manager } = plainServer();
  const id = "by-hand";
  expect(await manager.has(id)).toBe(false);
  const { body, controller } = newStream();
  await manager.create(id, controller);
  expect(await manager.has(id)).toBe(true);
  await manager.send([id, "nobody"], message("a"));
  expect(await plainServer().manager.has("nobody")).toBe(false);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toMatch(/^id: 0-1\nevent: message\ndata: .*"a".*\n\n$/);
  await manager.delete(id);
  expect((await reader.read()).done).toBe(true);
  expect(await manager.has(id)).toBe(false);
});

function newStream() {
  const controllers: ReadableStreamDefaultController[] = [];
  const body = new ReadableStream({ start: (controller) => void controllers.push(controller) });
  const [controller] = controllers;
  if (controller === undefined) throw new Error("The stream has no controller.");
  return { body, controller };
}

function message(line: string): string {
  return `event: message\ndata: ${JSON.stringify(said(line))}\n\n`;
}

function said(line: string) {
  return { jsonrpc: "2.0", method: "notifications/message", params: { data: line } };
}

const linksOf = (id: string) =>
  runInDurableObject(objectOf(id), (_object, state) => state.getWebSockets().length);

const tablesOf = (id: string) =>
  runInDurableObject(objectOf(id), (_object, { storage }) =>
    storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
      .map(({ name }) => name),
  );
