import { SseTransport } from "@tmcp/transport-sse";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { sessionName } from "../../src/mcp/placement.ts";
import { McpClient, ReadStream } from "./mcp-client.ts";
import type { PlainServer } from "./plain-server.ts";
import { plainServer } from "./plain-server.ts";

/** What the first event of a stream says: where to send messages. */
async function connect(isolate: PlainServer): Promise<{ stream: ReadStream; endpoint: string }> {
  const stream = new ReadStream(await new McpClient(isolate.handler, {}, "/sse").fetch("GET"));
  const event = await stream.next();
  expect(event?.event).toBe("endpoint");
  return { stream, endpoint: event?.data ?? "" };
}

const idIn = (endpoint: string) =>
  new URL(endpoint, "http://localhost").searchParams.get("session_id") ?? "";

const post = (isolate: PlainServer, endpoint: string, method: string, params: object) =>
  new McpClient(isolate.handler, {}, endpoint).fetch("POST", {
    jsonrpc: "2.0",
    id: 1,
    method,
    params,
  });

const objectOf = (id: string) => env.TMCP_DURABLE_OBJECT.getByName(sessionName(id));

const tablesOf = (id: string) =>
  runInDurableObject(objectOf(id), (_object, { storage }) =>
    storage.sql
      .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray(),
  );

const INITIALIZE = {
  protocolVersion: "2024-11-05",
  capabilities: { roots: {} },
  clientInfo: { name: "old", version: "1" },
};

test("F74 what is POSTed in one isolate is answered on the stream of another, over an eviction", async () => {
  const [here, there] = [plainServer(SseTransport), plainServer(SseTransport)];
  const { stream, endpoint } = await connect(here);
  expect(endpoint).toMatch(/^\/message\?session_id=[\w-]+$/);
  expect((await post(there, endpoint, "initialize", INITIALIZE)).status).toBe(202);
  expect(await stream.message()).toMatchObject({
    id: 1,
    result: { serverInfo: { name: "plain" } },
  });
  await evictDurableObject(objectOf(idIn(endpoint)));
  expect((await post(there, endpoint, "tools/call", { name: "whoami" })).status).toBe(202);
  const known = JSON.stringify(await stream.message());
  expect(known).toContain("old");
  await stream.drop();
});

test("F75 a session of the SSE transport ends with its stream, and no row of it is left", async () => {
  const isolate = plainServer(SseTransport);
  const { stream, endpoint } = await connect(isolate);
  expect(await isolate.manager.has(idIn(endpoint))).toBe(true);
  await stream.drop();
  await vi.waitFor(async () => expect(await tablesOf(idIn(endpoint))).toEqual([]));
  expect((await post(isolate, endpoint, "ping", {})).status).toBe(500);
});

test("F75 DELETE ends it, and its stream", async () => {
  const isolate = plainServer(SseTransport);
  const { stream, endpoint } = await connect(isolate);
  const client = new McpClient(isolate.handler, {}, "/sse");
  client.session = idIn(endpoint);
  expect((await client.fetch("DELETE")).status).toBe(200);
  expect(await stream.raw()).toBeUndefined();
  await vi.waitFor(async () => expect(await tablesOf(client.session)).toEqual([]));
});

test("F76 a second stream of the same session of the SSE transport is refused while the first is open", async () => {
  const isolate = plainServer(SseTransport);
  const { stream, endpoint } = await connect(isolate);
  const client = new McpClient(isolate.handler, {}, "/sse");
  client.session = idIn(endpoint);
  expect((await client.fetch("GET")).status).toBe(409);
  await stream.drop();
});
