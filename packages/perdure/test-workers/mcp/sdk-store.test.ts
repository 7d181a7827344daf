import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { EventStore } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";
import { DurableEventStore } from "../../src/mcp/sdk/index.ts";
import { McpClient } from "./mcp-client.ts";

const STREAM = "6f9d3f0e-2f6b-4d52-8f0b-0d8f4d7a5b11";

const said = (line: string): JSONRPCMessage => ({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: line },
});

/** What a store sends after an event. */
async function replayed(store: EventStore, id: string) {
  const sent: (readonly [string, JSONRPCMessage])[] = [];
  const stream = await store.replayEventsAfter(id, {
    send: async (...event) => void sent.push(event),
  });
  return { stream, sent };
}

test("F80 events have the ids and the order of the session's one log, and come back each once after an eviction", async () => {
  const store = new DurableEventStore("store.order");
  const first = await store.storeEvent(STREAM, {} as JSONRPCMessage);
  const second = await store.storeEvent("_GET_stream", said("a"));
  const third = await store.storeEvent(STREAM, said("b"));
  const fourth = await store.storeEvent(STREAM, said("c"));
  expect([first, second, third, fourth]).toEqual([
    `${STREAM}-1`,
    "0-2",
    `${STREAM}-3`,
    `${STREAM}-4`,
  ]);
  await evictDurableObject(env.TMCP_DURABLE_OBJECT.getByName("session:store.order"));
  const elsewhere = new DurableEventStore("store.order");
  expect(await replayed(elsewhere, first)).toEqual({
    stream: STREAM,
    sent: [
      [third, said("b")],
      [fourth, said("c")],
    ],
  });
  expect(await replayed(elsewhere, third)).toEqual({ stream: STREAM, sent: [[fourth, said("c")]] });
  expect(await replayed(elsewhere, "0-0")).toEqual({
    stream: "_GET_stream",
    sent: [[second, said("a")]],
  });
  expect(await elsewhere.getStreamIdForEventId(second)).toBe("_GET_stream");
  expect(await elsewhere.getStreamIdForEventId("nonsense")).toBeUndefined();
});

test("F80 a replay of any length is whole", async () => {
  const store = new DurableEventStore("store.long");
  const lines = Array.from({ length: 4 }, (_, index) => said(String(index).repeat(100_000)));
  for (const line of lines) await store.storeEvent(STREAM, line);
  const { sent } = await replayed(store, `${STREAM}-0`);
  expect(sent.map(([, message]) => message)).toEqual(lines);
});

test("F81 where events are not kept any more, a message says so before those that are", async () => {
  const store = new DurableEventStore("store.gap", "SMALL_MCP");
  const first = await store.storeEvent(STREAM, said("first"));
  for (let line = 0; line < 20; line += 1) await store.storeEvent(STREAM, said(`line ${line}`));
  const { sent } = await replayed(store, first);
  const [[id, gap] = ["", said("")], ...rest] = sent;
  const floor = 21 - rest.length;
  expect(floor).toBeGreaterThan(1);
  expect(id).toBe(`${STREAM}-${floor}`);
  expect(gap).toMatchObject({
    method: "notifications/message",
    params: { logger: "perdure", data: { event: "gap", after: 1, to: floor } },
  });
  expect(rest.at(0)).toEqual([`${STREAM}-${floor + 1}`, said(`line ${floor - 1}`)]);
  expect((await replayed(store, id)).sent).toEqual(rest);
});

test("F82 of an event that is too large word is kept, an answer as one", async () => {
  const store = new DurableEventStore("store.large");
  const large = "x".repeat(1024 * 1024);
  await store.storeEvent(STREAM, said(large));
  await store.storeEvent(STREAM, { jsonrpc: "2.0", id: 7, result: { large } });
  expect((await replayed(store, `${STREAM}-0`)).sent).toMatchObject([
    [`${STREAM}-1`, { method: "notifications/message", params: { logger: "perdure" } }],
    [`${STREAM}-2`, { id: 7, error: { code: -32603 } }],
  ]);
});

test("F83 a session that was ended has no events, and an id of none of its streams is refused", async () => {
  const store = new DurableEventStore("store.end");
  const id = await store.storeEvent(STREAM, said("a"));
  await store.end();
  await expect(replayed(store, id)).rejects.toMatchObject({ code: "session_not_found" });
  await expect(replayed(store, "a b-1")).rejects.toMatchObject({ code: "bad_request" });
  await expect(store.storeEvent("a b", said("a"))).rejects.toMatchObject({ code: "bad_request" });
  expect(() => new DurableEventStore("a b")).toThrow("visible ASCII");
});

test("F80 a transport of the SDK with this store resumes both kinds of stream", async () => {
  const session = "store.transport";
  const server = new McpServer({ name: "test", version: "1" }, { capabilities: { logging: {} } });
  let release: (() => void) | undefined;
  server.registerTool("wait", {}, async ({ sendNotification }) => {
    await sendNotification({ method: "notifications/message", params: { level: "info", data: 1 } });
    await new Promise<void>((resolve) => (release = resolve));
    server.sendToolListChanged();
    return { content: [{ type: "text", text: "waited" }] };
  });
  const eventStore = new DurableEventStore(session);
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => session,
    onsessionclosed: () => eventStore.end(),
    eventStore,
  });
  await server.connect(transport);
  const handler = { fetch: (request: Request) => transport.handleRequest(request) };
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("wait");
  const priming = await stream.raw();
  expect(await stream.message()).toMatchObject({ params: { data: 1 } });
  await stream.drop();
  await evictDurableObject(env.TMCP_DURABLE_OBJECT.getByName(`session:${session}`));
  const back = await client.listen(priming?.id);
  expect(await back.message()).toMatchObject({ params: { data: 1 } });
  release?.();
  expect(await back.rest()).toMatchObject([{ result: { content: [{ text: "waited" }] } }]);
  const standalone = await client.listen("0-0");
  expect(await standalone.message()).toMatchObject({ method: "notifications/tools/list_changed" });
  await standalone.drop();
  expect((await client.fetch("DELETE")).status).toBe(200);
  await expect(replayed(eventStore, "0-0")).rejects.toMatchObject({ code: "session_not_found" });
});
