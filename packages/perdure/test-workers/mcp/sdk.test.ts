import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { expect, test, vi } from "vitest";
import { durableSdk } from "../../src/mcp/sdk/index.ts";
import { McpClient } from "./mcp-client.ts";
import { sdkTestServer } from "./sdk-server.ts";

const objectOf = (client: McpClient) =>
  env.TMCP_DURABLE_OBJECT.getByName(`session:${client.session}`);

/** The same client, whose next requests arrive in another isolate. */
function elsewhere(client: McpClient, options?: Parameters<typeof sdkTestServer>[0]): McpClient {
  const other = new McpClient(sdkTestServer(options).handler);
  other.session = client.session;
  return other;
}

const begun = () => new McpClient(sdkTestServer().handler).initialize();

test("F84 a session that one isolate has begun goes on in another, with what its client has said of itself", async () => {
  const client = await begun();
  expect(client.session).not.toBe("");
  await evictDurableObject(objectOf(client));
  const other = elsewhere(client, {
    authInfo: () => ({ token: "t", clientId: "ada", scopes: [] }),
  });
  expect(await (await other.call("whoami")).rest()).toMatchObject([
    { result: { content: [{ text: "test ada" }] } },
  ]);
});

test("F85 the log level of a session holds in every isolate", async () => {
  const client = await begun();
  const stream = await client.listen();
  await (await client.call("say", { count: 0 })).rest();
  expect(await stream.message()).toMatchObject({ params: { level: "debug", data: "aside" } });
  await (await client.request("logging/setLevel", { level: "error" })).rest();
  const other = elsewhere(client);
  await (await other.call("say", { count: 0 })).rest();
  await (await other.call("change")).rest();
  expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
});

test("F86 what was said for a request comes in its stream, in order, each once; the rest in the session's own", async () => {
  const client = await begun();
  for (let round = 0; round < 20; round += 1) {
    const messages = await (await client.call("say", { count: 5 })).rest();
    expect(messages).toHaveLength(6);
    expect(messages.slice(0, 5)).toMatchObject(
      [0, 1, 2, 3, 4].map((line) => ({ params: { data: `line ${line}` } })),
    );
  }
  await (await client.call("change")).rest();
  await evictDurableObject(objectOf(client));
  const stream = await elsewhere(client).listen();
  for (let round = 0; round < 20; round += 1)
    expect(await stream.message()).toMatchObject({ params: { data: "aside" } });
  expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
});

test.each([
  ["ask", "elicitation/create", { action: "accept", content: { mood: "fine" } }, "accept fine"],
  ["sample", "sampling/createMessage", { model: "m", role: "assistant" }, "m"],
])(
  "F87 the tool %s asks its client, and is answered through another isolate after an eviction",
  async (tool, method, result, said) => {
    const client = await begun();
    const stream = await client.call(tool);
    const question = await stream.message();
    expect(question).toMatchObject({ method });
    await evictDurableObject(objectOf(client));
    const other = elsewhere(client);
    const stranger = await begun();
    expect((await stranger.answer(question?.["id"], result)).status).toBe(400);
    expect((await other.answer(question?.["id"], result)).status).toBe(202);
    expect(await stream.rest()).toMatchObject([{ result: { content: [{ text: said }] } }]);
  },
);

test("F87 outside of any request a question fails at once", async () => {
  const failed: unknown[] = [];
  const handler = durableSdk({
    server: () => {
      const server = new McpServer({ name: "test", version: "1" });
      server.server.oninitialized = () =>
        void server.server.listRoots().catch((error: unknown) => failed.push(error));
      return server;
    },
  });
  await new McpClient(handler).initialize();
  expect(failed).toMatchObject([
    { message: expect.stringContaining("while it works on a request") },
  ]);
});

test("F88 a client that went away in mid-call comes back through another isolate, and misses nothing", async () => {
  const { handler, release } = sdkTestServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("wait");
  const priming = await stream.raw();
  const progress = await stream.next();
  expect(JSON.parse(progress?.data ?? "")).toMatchObject({ params: { progress: 1 } });
  await stream.drop();
  await evictDurableObject(objectOf(client));
  const back = await elsewhere(client).listen(progress?.id);
  release();
  const rest = [{ params: { progress: 2 } }, { result: { content: [{ text: "waited" }] } }];
  expect(await back.rest()).toMatchObject(rest);
  const again = await elsewhere(client).listen(priming?.id);
  expect(await again.rest()).toMatchObject([{ params: { progress: 1 } }, ...rest]);
});

test("F88 the session's own stream is resumed after its last event", async () => {
  const client = await begun();
  const stream = await client.listen();
  await (await client.call("change")).rest();
  const first = await stream.next();
  await stream.drop();
  await (await client.call("say", { count: 0 })).rest();
  await evictDurableObject(objectOf(client));
  const back = await elsewhere(client).listen(first?.id);
  expect(await back.message()).toMatchObject({ params: { data: "aside" } });
});

test("F89 a subscription that the server has taken is found in every isolate, until it is given up", async () => {
  const uri = "test://doc";
  const client = await begun();
  const stranger = await begun();
  await (await client.request("resources/subscribe", { uri })).rest();
  const { handler } = sdkTestServer();
  await handler.resourceUpdated(uri);
  await handler.notifyAll({ method: "notifications/prompts/list_changed" });
  const stream = await client.listen();
  expect(await stream.message()).toMatchObject({
    method: "notifications/resources/updated",
    params: { uri },
  });
  const everybody = { method: "notifications/prompts/list_changed" };
  expect(await stream.message()).toMatchObject(everybody);
  expect(await (await stranger.listen()).message()).toMatchObject(everybody);
  await (await elsewhere(client).request("resources/unsubscribe", { uri })).rest();
  await handler.resourceUpdated(uri);
  await (await client.call("change")).rest();
  expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
});

test("F89 a subscription that cannot be kept fails", async () => {
  const client = await begun();
  const uri = `test://${"x".repeat(5000)}`;
  const stream = await client.request("resources/subscribe", { uri });
  expect(await stream.rest()).toMatchObject([{ error: { code: -32603 } }]);
});

test("F90 a request that is cancelled in another isolate is aborted, and its stream ends without an answer", async () => {
  const { handler, aborted } = sdkTestServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("wait", {}, "work");
  expect(await stream.message()).toMatchObject({ params: { progress: 1 } });
  const cancelled = await elsewhere(client).notify("notifications/cancelled", {
    requestId: "work",
  });
  expect(cancelled.status).toBe(202);
  expect(await stream.rest()).toEqual([]);
  expect(aborted).toEqual(["wait"]);
});

test("F91 a tool ends its stream for the time being, and the client comes back for the answer", async () => {
  const { handler, release } = sdkTestServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("poll");
  const priming = await stream.raw();
  expect(await stream.raw()).toBeUndefined();
  const back = await elsewhere(client).listen(priming?.id);
  release();
  expect(await back.rest()).toMatchObject([{ result: { content: [{ text: "polled" }] } }]);
});

test("F92 a terminated session gets 404, and what the SDK would drop without a word is refused", async () => {
  const client = await begun();
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  const post = async (body: unknown, headers = {}) =>
    (await client.fetch("POST", body, headers)).status;
  expect(await post(ping)).toBe(200);
  expect(await post([ping])).toBe(400);
  expect(await post({ ...ping, id: 1.5 })).toBe(400);
  expect(await post({ ...ping, params: [] })).toBe(400);
  expect(await post({ ...ping, params: { _meta: { progressToken: {} } } })).toBe(400);
  expect(await post({ ...ping, extra: true })).toBe(200);
  expect(await post(ping, { "mcp-protocol-version": "2024-11-05" })).toBe(400);
  expect(await post(ping, { "mcp-protocol-version": "2026-07-28" })).toBe(400);
  expect(await post(ping, { accept: "application/json" })).toBe(406);
  expect(await post(ping, { "content-type": "text/plain" })).toBe(415);
  expect((await client.fetch("PUT", ping)).status).toBe(405);
  expect((await elsewhere(client).fetch("DELETE")).status).toBe(200);
  expect(await post(ping)).toBe(404);
  expect((await client.fetch("GET")).status).toBe(404);
});

test("F94 a server that fails before it works on a request costs that request only, and a new session leaves nothing behind", async () => {
  const client = await begun();
  let failed = "";
  const broken = durableSdk({
    server: ({ session }) => {
      failed = session;
      throw new Error("no server");
    },
  });
  const other = new McpClient(broken);
  const initialize = { jsonrpc: "2.0", id: 1, method: "initialize", params: {} };
  expect((await other.fetch("POST", initialize)).status).toBe(500);
  expect(await env.TMCP_DURABLE_OBJECT.getByName(`session:${failed}`).exists()).toBe(false);
  other.session = client.session;
  expect((await other.call("hello")).response.status).toBe(500);
  expect(await (await client.call("hello")).rest()).toHaveLength(1);
});

test("F94 a server that has refused to initialize leaves no session behind", async () => {
  const client = new McpClient(sdkTestServer().handler);
  const stream = await client.request("initialize", { protocolVersion: "2025-11-25" });
  client.session = stream.response.headers.get("mcp-session-id") ?? "";
  expect(await stream.rest()).toMatchObject([{ error: {} }]);
  await vi.waitFor(async () => expect((await client.fetch("GET")).status).toBe(404));
});

test("F92 a page of an allowed origin may read what it asked for, and no other page may ask", async () => {
  const allowed = sdkTestServer({ allowedOrigins: ["https://app.example"] });
  const client = await new McpClient(allowed.handler, {
    origin: "https://app.example",
  }).initialize();
  const preflight = await client.fetch("OPTIONS");
  const stream = await client.call("hello");
  await client.fetch("DELETE");
  const refused = await client.fetch("GET");
  for (const { headers } of [preflight, stream.response, refused])
    expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(refused.status).toBe(404);
  const other = new McpClient(allowed.handler, { origin: "https://evil.example" });
  expect((await other.fetch("OPTIONS")).status).toBe(403);
});
