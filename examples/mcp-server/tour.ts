/** Goes through all that the server does, with the official client: `node tour.ts [url]`. */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

const url = new URL(process.argv[2] ?? "http://localhost:8787/mcp");
const say = (line: string) => console.log(line);

/** A client that answers what it is asked. Yours asks the user, and its model. */
async function connect(): Promise<Client> {
  const client = new Client(
    { name: "tour", version: "1.0.0" },
    { capabilities: { elicitation: {}, sampling: {} } },
  );
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    say(`the user is asked: ${params.message}`);
    return { action: "accept", content: { replace: true } };
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => {
    say("the model is asked");
    return { role: "assistant", model: "tour", content: { type: "text", text: "Some water." } };
  });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    say(`log: ${String(params.data)}`);
  });
  const transport = new StreamableHTTPClientTransport(url);
  await client.connect(transport);
  return client;
}

const gardener = await connect();
const neighbour = await connect();

const call = async (name: string, parameters: Record<string, unknown>) => {
  const onprogress = ({ message }: { message?: string | undefined }) => say(`progress: ${message}`);
  const result = await gardener.callTool({ name, arguments: parameters }, undefined, {
    onprogress,
  });
  const [content] = result.content as readonly { readonly text?: string }[];
  say(`${name}: ${content?.text}`);
};

const { tools } = await gardener.listTools();
say(`tools: ${tools.map(({ name }) => name).join(", ")}`);

const uri = "garden://bed/south";
const heard = new Promise<string>((resolve) => {
  neighbour.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
    resolve(params.uri),
  );
});
await neighbour.subscribeResource({ uri });
await call("plant", { bed: "south", plant: "beans" });
say(`the neighbour hears of ${await heard}`);
await call("plant", { bed: "south", plant: "peas" });
await call("water", { bed: "south", amount: 2 });
await call("rake", { bed: "south", rows: 3 });
await call("advise", { bed: "south" });

const { contents } = await gardener.readResource({ uri });
for (const content of contents) if ("text" in content) say(`${uri}: ${content.text}`);

const { completion } = await gardener.complete({
  ref: { type: "ref/prompt", name: "plan" },
  argument: { name: "bed", value: "s" },
});
say(`completed: ${completion.values.join(", ")}`);
const { messages } = await gardener.getPrompt({
  name: "plan",
  arguments: { bed: "south", season: "spring" },
});
for (const { content } of messages) if (content.type === "text") say(`prompt: ${content.text}`);

await Promise.all([gardener.close(), neighbour.close()]);
