/** The manager that `tmcp` publishes, as its README has it, but that what it keeps in KV is in memory here. */

import { InMemoryInfoSessionManager } from "@tmcp/session-manager";
import { DurableObjectStreamSessionManager } from "@tmcp/session-manager-durable-objects";
import { HttpTransport } from "@tmcp/transport-http";
import { mcpRoute } from "./mcp-routes.ts";
import { mcpServer } from "./mcp-server.ts";

export { SyncLayer } from "@tmcp/session-manager-durable-objects";

const streams = new DurableObjectStreamSessionManager();
const transport = new HttpTransport(mcpServer(), {
  sessionManager: { streams, info: new InMemoryInfoSessionManager() },
});

export default {
  async fetch(request: Request): Promise<Response> {
    const response = (await mcpRoute(request, streams)) ?? (await transport.respond(request));
    return response ?? new Response(null, { status: 404 });
  },
} satisfies ExportedHandler;
