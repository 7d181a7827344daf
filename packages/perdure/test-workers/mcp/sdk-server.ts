/** A server of the official SDK for tests: each call is an endpoint of its own, as each isolate has. */

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { ServerNotification } from "@modelcontextprotocol/sdk/types.js";
import {
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker";
import { z } from "zod";
import type { DurableSdkOptions, SdkHandler } from "../../src/mcp/sdk/index.ts";
import { durableSdk } from "../../src/mcp/sdk/index.ts";

/** What tests do with an endpoint. */
export interface SdkTestServer {
  readonly handler: SdkHandler;
  /** Why calls of the tool `wait` ended early. */
  readonly aborted: string[];
  /** Whether a tool waits to be let go on. */
  isPolling(): boolean;
  /** Lets the tools `wait` and `poll` go on. */
  release(): void;
}

/** An endpoint whose server has some tools. */
export function sdkTestServer(options: Omit<DurableSdkOptions, "server"> = {}): SdkTestServer {
  const aborted: string[] = [];
  let release: (() => void) | undefined;
  const released = () => new Promise<void>((resolve) => (release = resolve));
  const make = () => {
    const server = new McpServer(
      { name: "test", version: "1" },
      {
        capabilities: { logging: {}, resources: { subscribe: true } },
        jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
      },
    );
    server.registerTool("hello", {}, () => text("hello"));
    server.registerTool("whoami", {}, ({ authInfo }) =>
      text(`${server.server.getClientVersion()?.name} ${authInfo?.clientId ?? "nobody"}`),
    );
    server.registerTool("wait", {}, async ({ sendNotification, signal, _meta }) => {
      const progress = (value: number): ServerNotification => ({
        method: "notifications/progress",
        params: { progressToken: _meta?.progressToken ?? "", progress: value },
      });
      await sendNotification(progress(1));
      signal.addEventListener("abort", () => {
        aborted.push("wait");
        release?.();
      });
      await released();
      await sendNotification(progress(2));
      return text("waited");
    });
    server.registerTool("poll", {}, async ({ closeSSEStream }) => {
      closeSSEStream?.();
      await released();
      return text("polled");
    });
    server.registerTool(
      "say",
      { inputSchema: { count: z.number() } },
      async ({ count }, { sendNotification, sessionId }) => {
        for (let line = 0; line < count; line += 1)
          void sendNotification({
            method: "notifications/message",
            params: { level: "error", data: `line ${line}` },
          });
        await server.sendLoggingMessage({ level: "debug", data: "aside" }, sessionId);
        return text("said");
      },
    );
    server.registerTool("ask", {}, async () => {
      const { action, content } = await server.server.elicitInput({
        message: "How are you?",
        requestedSchema: { type: "object", properties: { mood: { type: "string" } } },
      });
      return text(`${action} ${String(content?.["mood"])}`);
    });
    server.registerTool("sample", {}, async ({ sendRequest }) => {
      const result = await sendRequest(
        {
          method: "sampling/createMessage",
          params: {
            maxTokens: 5,
            messages: [{ role: "user", content: { type: "text", text: "Hi" } }],
          },
        },
        z.object({ model: z.string() }),
      );
      return text(result.model);
    });
    server.registerTool("change", {}, () => {
      server.sendToolListChanged();
      return text("changed");
    });
    server.registerResource("doc", "test://doc", {}, (uri) => ({
      contents: [{ uri: uri.href, text: "doc" }],
    }));
    server.server.setRequestHandler(SubscribeRequestSchema, () => ({}));
    server.server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
    return server;
  };
  const handler = durableSdk({ server: make, ...options });
  return { handler, aborted, isPolling: () => release !== undefined, release: () => release?.() };
}

function text(value: string) {
  return { content: [{ type: "text" as const, text: value }] };
}
