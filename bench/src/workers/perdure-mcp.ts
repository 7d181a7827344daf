/** Perdure's MCP sessions as they are, behind the few routes that a benchmark needs. */

import { DurableObjectSessionManager, durableMcp } from "perdure/mcp";
import { mcpRoute } from "./mcp-routes.ts";
import { mcpServer } from "./mcp-server.ts";

export { SyncLayer } from "perdure/mcp";

const { streams } = new DurableObjectSessionManager();
const mcp = durableMcp({ server: mcpServer() });

export default {
  async fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
    return (await mcpRoute(request, streams)) ?? mcp.fetch(request, env, ctx);
  },
} satisfies ExportedHandler;
