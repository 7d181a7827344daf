/** A server of `tmcp` for tests: each call is a server of its own, as each isolate has. */

import { ZodJsonSchemaAdapter } from "@tmcp/adapter-zod";
import { McpServer } from "tmcp";
import { z } from "zod";
import type { DurableMcpOptions, McpHandler } from "../../src/mcp/index.ts";
import { closeSseStream, durableMcp } from "../../src/mcp/index.ts";

/** What tests do with a server. */
export interface TestServer {
  readonly handler: McpHandler;
  readonly server: McpServer<z.ZodType>;
  /** Lets the tool `wait` go on. */
  release(): void;
}

/** A server behind `durableMcp`. */
export function testServer(options: Omit<DurableMcpOptions, "server"> = {}): TestServer {
  const server = new McpServer(
    { name: "test", version: "1", description: "" },
    {
      adapter: new ZodJsonSchemaAdapter(),
      capabilities: {
        tools: { listChanged: true },
        // oxlint-disable-next-line typescript/no-deprecated -- for clients with sessions it is not.
        logging: {},
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
      },
    },
  );
  let release: (() => void) | undefined;
  server.tool({ name: "hello", description: "Says hello." }, () => text("hello"));
  server.tool({ name: "wait", description: "Waits until it is let go." }, async () => {
    server.progress(1, 2);
    await new Promise<void>((resolve) => (release = resolve));
    server.progress(2, 2);
    return text("waited");
  });
  server.tool({ name: "poll", description: "Ends its stream, then answers." }, async () => {
    closeSseStream();
    await new Promise<void>((resolve) => (release = resolve));
    return text("polled");
  });
  server.tool(
    { name: "say", description: "Logs some lines.", schema: z.object({ count: z.number() }) },
    ({ count }) => {
      for (let index = 0; index < count; index += 1) server.log("error", `line ${index}`);
      return text("said");
    },
  );
  server.tool({ name: "ask", description: "Asks the client." }, async () => {
    const { action } = await server.elicitation("How are you?", z.object({ mood: z.string() }));
    return text(action);
  });
  server.tool({ name: "change", description: "Changes the list of tools." }, () => {
    server.changed("tools");
    return text("changed");
  });
  server.resource({ name: "doc", description: "", uri: "test://doc" }, (uri) => ({
    contents: [{ uri, text: "doc" }],
  }));
  return { handler: durableMcp({ server, ...options }), server, release: () => release?.() };
}

function text(value: string) {
  return { content: [{ type: "text" as const, text: value }] };
}
