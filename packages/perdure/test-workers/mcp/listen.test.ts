import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { HttpTransport } from "@tmcp/transport-http";
import { McpServer } from "tmcp";
import { expect, test, vi } from "vitest";
import { DurableObjectSessionManager } from "../../src/mcp/index.ts";
import { registryName, REGISTRY_SHARDS } from "../../src/mcp/placement.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** By new stubs: one whose object has crashed is of no more use. */
const registries = () =>
  Array.from({ length: REGISTRY_SHARDS }, (_, shard) =>
    env.LISTEN_MCP.getByName(registryName(shard)),
  );

/** Sockets of streams at all registries. */
async function socketsOpen(): Promise<number> {
  const counts = await Promise.all(
    registries().map((registry) =>
      runInDurableObject(
        registry,
        (_object, state) =>
          state.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN).length,
      ),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** One isolate: a stateless server. */
function newServer() {
  const manager = new DurableObjectSessionManager("LISTEN_MCP");
  const server = new McpServer(
    { name: "test", version: "1.0.0", description: "A test." },
    {
      adapter: undefined,
      capabilities: {
        tools: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
      },
    },
  );
  for (const name of ["a", "b"])
    server.resource({ name, description: name, uri: `file:///${name}` }, async (uri) => ({
      contents: [{ uri, text: name }],
    }));
  const { subscriptionManager } = manager;
  const transport = new HttpTransport(server, { path: "/mcp", subscriptionManager });
  return { server, transport, subscriptionManager };
}

const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";

/** A stream of `subscriptions/listen`, as a client reads it. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(
    { transport }: ReturnType<typeof newServer>,
    notifications: object,
  ): Promise<Listener> {
    const response = await transport.respond(
      new Request("https://mcp.test/mcp", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": "subscriptions/listen",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "subscriptions/listen",
          params: { notifications, _meta: META },
        }),
      }),
    );
    if (response?.body == null) throw new Error("There is no stream.");
    const listener = new Listener(response.body);
    const first = await listener.next();
    if (first !== ACKNOWLEDGED) throw new Error(`The stream began with ${String(first)}.`);
    return listener;
  }

  /** The next message: its method, and its URI where it has one; "result" for the answer; undefined at the end. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const [event, rest] = this.#text.split(/\n\n([^]*)/, 2);
      if (rest !== undefined && event !== undefined) {
        this.#text = rest;
        const { method, params } = JSON.parse(event.replace(/^[^]*?data: /, "")) as {
          readonly method?: string;
          readonly params?: { readonly uri?: string };
        };
        return [method ?? "result", params?.uri].filter(Boolean).join(" ");
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

const TOOLS = "notifications/tools/list_changed";
const UPDATED = "notifications/resources/updated";

test("F131 a stream hears of changes in every isolate, also after its registry was evicted, and no others", async () => {
  const [one, two] = [newServer(), newServer()];
  const tools = await Listener.open(one, { toolsListChanged: true });
  const file = await Listener.open(two, { resourceSubscriptions: ["file:///a"] });
  one.server.changed("tools");
  expect(await tools.next()).toBe(TOOLS);
  for (const registry of registries()) await evictDurableObject(registry);
  one.server.changed("resource", "file:///b");
  one.server.changed("resource", "file:///a");
  expect(await file.next()).toBe(`${UPDATED} file:///a`);
  two.server.changed("tools");
  expect(await tools.next()).toBe(TOOLS);
  expect(await socketsOpen()).toBe(2);
  await tools.cancel();
  await file.cancel();
  await vi.waitFor(async () => expect(await socketsOpen()).toBe(0));
});

test("F136 a stream whose registry has crashed gets another socket, and hears of all that it follows", async () => {
  const one = newServer();
  const listener = await Listener.open(one, {
    toolsListChanged: true,
    resourceSubscriptions: ["file:///a"],
  });
  for (const registry of registries())
    await runInDurableObject(registry, (_object, state) =>
      state.abort("a crash that a test asked for"),
    ).catch(() => {});
  expect(await listener.next()).toBe(TOOLS);
  expect(await listener.next()).toBe(`${UPDATED} file:///a`);
  await vi.waitFor(async () => {
    one.server.changed("tools");
    expect(await listener.next()).toBe(TOOLS);
  });
  await listener.cancel();
  await vi.waitFor(async () => expect(await socketsOpen()).toBe(0));
});

test("F134 a server that closes its streams answers them", async () => {
  const one = newServer();
  const listener = await Listener.open(one, { toolsListChanged: true });
  await one.subscriptionManager.closeAll(undefined, "closed");
  expect(await listener.next()).toBe("result");
  expect(await listener.next()).toBeUndefined();
  expect(await socketsOpen()).toBe(0);
});

test("F137 a stream that follows too much is refused", async () => {
  const one = newServer();
  const uris = Array.from({ length: 500 }, (_, index) => `file:///a/long/name/${index}`);
  await expect(
    one.subscriptionManager.create(
      { id: 1, origin: "o", filters: { resourceSubscriptions: uris } },
      { acknowledge: () => {}, send: () => {}, close: () => {} },
    ),
  ).rejects.toMatchObject({ code: "too_large" });
  expect(await socketsOpen()).toBe(0);
});
