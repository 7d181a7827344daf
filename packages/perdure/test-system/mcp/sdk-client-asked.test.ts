import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ClientOptions } from "./support/client.ts";
import { OfficialClient, posting } from "./support/client.ts";
import { Workerd } from "./support/workerd.ts";

let server: Workerd;

beforeAll(async () => {
  server = await Workerd.start("fixture-worker");
});

afterAll(async () => {
  await server?.stop();
});

async function connect(options?: ClientOptions): Promise<OfficialClient> {
  const client = await OfficialClient.connect(server.url, options);
  onTestFinished(() => client.leave());
  return client;
}

const isAnswer = (body: string) => "result" in (JSON.parse(body) as object);

test.each([
  ["the same isolate", () => server.url],
  ["another isolate", () => server.otherUrl],
])(
  "F217 sampling ends when the answer arrives in a request of its own, in %s",
  async (_, where) => {
    const client = await connect({
      fetch: posting((body) => (isAnswer(body) ? where() : server.url)),
    });
    client.client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
      role: "assistant",
      model: "test",
      content: { type: "text", text: `To ${JSON.stringify(params.messages[0]?.content)}: yes` },
    }));
    expect(await client.call("test_sampling", { prompt: "Is it?" })).toBe(
      'LLM response: To {"type":"text","text":"Is it?"}: yes',
    );
  },
);

test.each([
  ["the same isolate", () => server.url],
  ["another isolate", () => server.otherUrl],
])("F217 a question to the user ends when it is answered, in %s", async (_, where) => {
  const client = await connect({
    fetch: posting((body) => (isAnswer(body) ? where() : server.url)),
  });
  const answers = [
    { action: "accept" as const, content: { username: "ada", email: "ada@example.com" } },
    { action: "decline" as const },
  ];
  client.client.setRequestHandler(
    ElicitRequestSchema,
    () => answers.shift() ?? { action: "cancel" },
  );
  const ask = () => client.call("test_elicitation", { message: "Who are you?" });
  expect(await ask()).toBe(
    'User response: <action: accept, content: {"username":"ada","email":"ada@example.com"}>',
  );
  expect(await ask()).toBe("User response: <action: decline, content: {}>");
  expect(await ask()).toBe("User response: <action: cancel, content: {}>");
});

test("F228 a question is answered by the session that was asked, and by no other", async () => {
  const asked = await connect();
  const stranger = await connect();
  const statuses: number[] = [];
  asked.client.setRequestHandler(ElicitRequestSchema, async (_, { requestId }) => {
    const content = { username: "mallory", email: "mallory@example.com" };
    for (const url of [server.url, server.otherUrl]) {
      const forged = await fetch(`${url}/mcp`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-session-id": stranger.session,
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: requestId,
          result: { action: "accept", content },
        }),
      });
      statuses.push(forged.status);
      await forged.body?.cancel();
    }
    return { action: "accept", content: { username: "ada", email: "ada@example.com" } };
  });
  expect(await asked.call("test_elicitation", { message: "Who are you?" })).toContain('"ada"');
  expect(statuses).toEqual([400, 400]);
});
