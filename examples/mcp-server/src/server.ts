/** The MCP server: what it is called, and all that it has. */

import { ZodJsonSchemaAdapter } from "@tmcp/adapter-zod";
import { McpServer } from "tmcp";
import { prompts } from "./prompts.ts";
import { resources } from "./resources.ts";
import { tools } from "./tools.ts";

export const server = new McpServer(
  { name: "garden", version: "1.0.0", description: "A garden that a model may tend." },
  {
    adapter: new ZodJsonSchemaAdapter(),
    capabilities: {
      completions: {},
      // eslint-disable-next-line typescript/no-deprecated -- only in the revision that has no sessions
      logging: {},
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      tools: { listChanged: true },
    },
    instructions: "Look at a bed before you plant in it. Water what is drier than 4.",
  },
);

export type GardenServer = typeof server;

tools(server);
resources(server);
prompts(server);
