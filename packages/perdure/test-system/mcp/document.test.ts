import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { until } from "../../../cli/test-system/support/until.ts";
import { OfficialClient } from "./support/client.ts";
import {
  DocumentWorker,
  SCRIPT_OF_TMCP,
  scriptOf,
  tomlOf,
  WRAPPED_SCRIPT,
} from "./support/document-worker.ts";

beforeAll(() => {
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
});

afterAll(() => {
  vi.unstubAllEnvs();
});

async function start(script: string, toml: string): Promise<DocumentWorker> {
  const worker = await DocumentWorker.start(script, toml);
  onTestFinished(() => worker.stop());
  return worker;
}

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "perdure-test", version: "1.0.0" },
  },
};

/** What a Worker answers to the first request of any client. */
async function initialize(url: string): Promise<string> {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify(INITIALIZE),
  });
  return response.text();
}

/** Lists, calls and hears of a change, as any client would: what it finds. */
async function use(url: string) {
  const client = await OfficialClient.connect(url);
  onTestFinished(() => client.leave());
  const { tools } = await client.client.listTools();
  const greeting = await client.call("greet");
  await client.call("announce");
  await until("the client is told", () => client.toolChanges > 0);
  return { tools: tools.map(({ name }) => name), greeting, changes: client.toolChanges };
}

const USED = { tools: ["greet", "announce"], greeting: "Hello!", changes: 1 };

test("F230 the script of the guide and its configuration, with SQLite and one flag, start under wrangler dev and serve a client", async () => {
  const worker = await start(scriptOf(), tomlOf({}));
  expect(await use(await worker.url())).toEqual(USED);
});

test("F231 a binding of another name is told to the manager, and serves as well", async () => {
  const worker = await start(scriptOf("MY_BINDING"), tomlOf({ binding: "MY_BINDING" }));
  expect(await use(await worker.url())).toEqual(USED);
});

test("F232 without the flag, at the date of the guide, tmcp itself does not start", async () => {
  const toml = tomlOf({ flags: [], binding: null });
  const worker = await start(SCRIPT_OF_TMCP, toml);
  const reason = 'No such module "node:async_hooks"';
  await until("Wrangler says why", () => worker.output.includes(reason));
  expect(worker.output).not.toContain("Ready on");
});

const BROKEN = [
  ["new_classes", { migration: "new_classes" }, [`"new_sqlite_classes": ["SyncLayer"]`]],
  [
    "no binding",
    { binding: null },
    ["TMCP_DURABLE_OBJECT", `"class_name": "SyncLayer"`, `"new_sqlite_classes": ["SyncLayer"]`],
  ],
] as const;

test.each(BROKEN)(
  "F233 with %s the first request to `durableMcp` fails, and the answer has the lines to write",
  async (_, configuration, lines) => {
    const worker = await start(WRAPPED_SCRIPT, tomlOf(configuration));
    const answer: unknown = JSON.parse(await initialize(await worker.url()));
    const { error } = answer as { readonly error: { readonly message: string } };
    for (const line of lines) expect(error.message).toContain(line);
  },
);

test.each(BROKEN)(
  "F234 with %s the first request for a stream fails where the transport is used alone, and the log has the lines to write",
  async (_, configuration, lines) => {
    const worker = await start(scriptOf(), tomlOf(configuration));
    const response = await fetch(`${await worker.url()}/mcp`, {
      headers: { accept: "text/event-stream" },
    });
    expect(response.status).toBe(500);
    await response.body?.cancel();
    await until("the log says what to do", () => worker.output.includes(lines[0]));
    for (const line of lines) expect(worker.output).toContain(line);
  },
);
