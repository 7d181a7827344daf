/** The MCP server of both contenders. */

import { McpServer } from "tmcp";

export function mcpServer(): McpServer {
  return new McpServer(
    { name: "bench", version: "1", description: "" },
    { adapter: undefined, capabilities: { tools: { listChanged: true } } },
  );
}
