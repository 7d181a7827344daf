import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker";
import { expect, test, vi } from "vitest";
import { sdkTestServer } from "./sdk-server.ts";

/** The official client, each of whose requests arrives in another isolate. */
async function connected() {
  const servers: ReturnType<typeof sdkTestServer>[] = [];
  const transport = new StreamableHTTPClientTransport(new URL("http://localhost/mcp"), {
    fetch: (url, init) => {
      const server = sdkTestServer();
      servers.push(server);
      return server.handler.fetch(new Request(url, init), env, createExecutionContext());
    },
  });
  const client = new Client(
    { name: "official", version: "1" },
    { capabilities: { elicitation: {} }, jsonSchemaValidator: new CfWorkerJsonSchemaValidator() },
  );
  const heard: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    heard.push(params.data);
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    heard.push("tools");
  });
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: "accept",
    content: { mood: "fine" },
  }));
  await client.connect(transport);
  return { client, transport, heard, servers };
}

test("F93 the official client works with an endpoint each of whose isolates sees one request", async () => {
  const { client, transport, heard } = await connected();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("hello");
  const called = await client.callTool({ name: "say", arguments: { count: 3 } });
  expect(called).toMatchObject({ content: [{ text: "said" }] });
  await vi.waitFor(() => expect(heard).toHaveLength(4));
  expect(heard.filter((line) => line !== "aside")).toEqual(["line 0", "line 1", "line 2"]);
  expect(await client.callTool({ name: "ask" })).toMatchObject({
    content: [{ text: "accept fine" }],
  });
  await evictDurableObject(
    env.TMCP_DURABLE_OBJECT.getByName(`session:${String(transport.sessionId)}`),
  );
  await client.callTool({ name: "change" });
  await vi.waitFor(() => expect(heard).toContain("tools"));
  await transport.terminateSession();
  expect(transport.sessionId).toBeUndefined();
  await client.close();
});

test("F93 the official client comes back for the answer of a tool that ended its stream", async () => {
  const { client, servers } = await connected();
  const answer = client.callTool({ name: "poll" });
  await vi.waitFor(() => expect(servers.some(({ isPolling }) => isPolling())).toBe(true));
  for (const { release } of servers) release();
  expect(await answer).toMatchObject({ content: [{ text: "polled" }] });
  await client.close();
});
