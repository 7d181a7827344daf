/** A server of `tmcp` in plain use: its transport has a `DurableObjectSessionManager`, and nothing else is between it and clients. */

import { ZodJsonSchemaAdapter } from "@tmcp/adapter-zod";
import { HttpTransport } from "@tmcp/transport-http";
import type { SseTransport } from "@tmcp/transport-sse";
import { McpServer } from "tmcp";
import { z } from "zod";
import type { McpHandler } from "../../src/mcp/index.ts";
import { DurableObjectSessionManager } from "../../src/mcp/index.ts";

/** One isolate: a server, its transport, and their manager. */
export interface PlainServer {
  readonly server: McpServer<z.ZodType>;
  readonly manager: DurableObjectSessionManager;
  /** `transport.respond`. */
  readonly handler: McpHandler;
}

/** A server with a manager of its own: another call is another isolate. */
export function plainServer(
  Transport: typeof HttpTransport | typeof SseTransport = HttpTransport,
  binding?: string,
): PlainServer {
  const server = new McpServer(
    { name: "plain", version: "1", description: "" },
    {
      adapter: new ZodJsonSchemaAdapter(),
      capabilities: {
        tools: { listChanged: true },
        // oxlint-disable-next-line typescript/no-deprecated -- for clients with sessions it is not.
        logging: {},
        resources: { subscribe: true, listChanged: true },
      },
    },
  );
  server.tool({ name: "whoami", description: "Tells what is known of the client." }, () =>
    text(JSON.stringify(server.ctx.sessionInfo ?? {})),
  );
  server.tool({ name: "log", description: "Logs at every level." }, () => {
    for (const level of ["debug", "info", "warning", "error"] as const) server.log(level, level);
    return text("logged");
  });
  server.tool({ name: "relist", description: "Changes the list of tools." }, () => {
    server.changed("tools");
    return text("changed");
  });
  server.tool(
    { name: "touch", description: "Changes a resource.", schema: z.object({ uri: z.string() }) },
    ({ uri }) => {
      server.changed("resource", uri);
      return text("touched");
    },
  );
  for (const uri of ["test://doc", "test://doc/1", "test://doc?x=1"])
    server.resource({ name: uri, description: "", uri }, () => ({
      contents: [{ uri, text: uri }],
    }));
  const manager = new DurableObjectSessionManager(binding);
  const path = Transport === HttpTransport ? "/mcp" : "/sse";
  const transport = new Transport(server, { path, sessionManager: manager });
  const handler: McpHandler = {
    fetch: async (request) =>
      (await transport.respond(request)) ?? new Response("Not found", { status: 404 }),
  };
  return { server, manager, handler };
}

function text(value: string) {
  return { content: [{ type: "text" as const, text: value }] };
}
