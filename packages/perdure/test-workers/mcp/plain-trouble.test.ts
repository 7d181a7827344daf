import { HttpTransport } from "@tmcp/transport-http";
import { SseTransport } from "@tmcp/transport-sse";
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { durableMcp } from "../../src/mcp/index.ts";
import { sessionName } from "../../src/mcp/placement.ts";
import { HEARTBEAT, HEARTBEAT_MS } from "../../src/mcp/sse.ts";
import { McpClient } from "./mcp-client.ts";
import { plainServer } from "./plain-server.ts";

const BINDING_LINES = '{ "name": "NOT_BOUND", "class_name": "SyncLayer" }';
const SQLITE_LINES = '"new_sqlite_classes": ["PlainLayer"]';

const objectOf = (id: string) => env.TMCP_DURABLE_OBJECT.getByName(sessionName(id));

const numbersIn = (text: string) => [...text.matchAll(/^data: (\d+)/gm)].map(([, n]) => Number(n));

test("F68 a missing binding fails every request but a first initialize, with the lines to add", async () => {
  const client = new McpClient(plainServer(HttpTransport, "NOT_BOUND").handler);
  client.session = "any";
  for (const method of ["GET", "DELETE"])
    await expect(client.fetch(method)).rejects.toThrow(BINDING_LINES);
  const stream = await client.request("tools/list");
  await expect(stream.rest()).rejects.toThrow(BINDING_LINES);
  const { manager } = plainServer(HttpTransport, "NOT_BOUND");
  await expect(manager.has("any")).rejects.toThrow(BINDING_LINES);
  await expect(manager.send(undefined, "")).rejects.toThrow(BINDING_LINES);
  const sse = new McpClient(plainServer(SseTransport, "NOT_BOUND").handler, {}, "/sse");
  await expect(sse.fetch("GET")).rejects.toThrow(BINDING_LINES);
});

test("F68 the wrapper answers the very first initialize with the lines, too", async () => {
  const { server } = plainServer();
  for (const [binding, lines] of [
    ["NOT_BOUND", BINDING_LINES],
    ["PLAIN_MCP", SQLITE_LINES],
  ] as const) {
    const client = new McpClient(durableMcp({ server, binding }));
    const response = await client.fetch("POST", { jsonrpc: "2.0", id: 1, method: "initialize" });
    expect(response.status).toBe(500);
    expect(JSON.stringify(await response.json())).toContain(JSON.stringify(lines).slice(1, -1));
  }
});

test("F69 a class without SQLite is told of when the first answer comes from it, and fails every request then", async () => {
  const told = vi.spyOn(console, "error").mockReturnValue();
  const client = new McpClient(plainServer(HttpTransport, "PLAIN_MCP").handler);
  await client.initialize();
  await vi.waitFor(() => expect(String(told.mock.lastCall?.[1])).toContain(SQLITE_LINES));
  told.mockRestore();
  const stream = await client.request("tools/list");
  await expect(stream.rest()).rejects.toThrow(SQLITE_LINES);
  for (const method of ["GET", "DELETE"])
    await expect(client.fetch(method)).rejects.toThrow(SQLITE_LINES);
});

test("F70 sessions of the oddest ids are told apart everywhere", async () => {
  const isolate = plainServer();
  const ids = [
    "%",
    "%25",
    "%2525",
    '"',
    "'",
    ":",
    "/",
    "//",
    "..",
    "../x",
    "x/../x",
    "a:b",
    "session:a:b",
    "registry:0",
    "__proto__",
    "constructor",
    "<&>",
    "\\",
    "\\u0000",
    "';--",
    "?session_id=x",
    "#",
    "x".repeat(255),
    "x".repeat(256),
  ].map((id) => (id.length > 200 ? id : `${id}odd`));
  const clients = await Promise.all(
    ids.map(async (id) => {
      const client = new McpClient(isolate.handler);
      client.session = id;
      await client.initialize();
      await (await client.request("resources/subscribe", { uri: `test://${id}` })).rest();
      return client;
    }),
  );
  for (const [index, client] of clients.entries()) {
    expect(client.session).toBe(ids[index]);
    const followers = () => isolate.manager.info.getSubscriptions(`test://${client.session}`);
    await vi.waitFor(async () => expect(await followers()).toEqual([client.session]));
    await isolate.manager.send([client.session], `data: "mine"\n\n`);
    const stream = await client.listen();
    expect(JSON.parse((await stream.next())?.data ?? "")).toBe("mine");
    expect((await client.fetch("DELETE")).status).toBe(200);
    expect(await stream.next()).toBeUndefined();
    expect(await followers()).toEqual([]);
  }
});

test("F70 an id that is longer, or not visible ASCII, is refused, and nothing is stored for it", async () => {
  const isolate = plainServer();
  for (const id of ["x".repeat(257), "é", "a b", "a\u007f", ""]) {
    const { manager } = isolate;
    expect(await manager.has(id)).toBe(false);
    await expect(manager.delete(id)).rejects.toMatchObject({ code: "bad_request" });
    await expect(manager.streams.has(id)).rejects.toMatchObject({ code: "bad_request" });
    expect(() => manager.info.setLogLevel(id, "info")).toThrow("1 to 256 characters");
    expect(() => manager.info.getLogLevel(id)).toThrow("1 to 256 characters");
  }
  const client = new McpClient(isolate.handler);
  client.session = "x".repeat(257);
  await expect((await client.request("tools/list")).rest()).rejects.toThrow("1 to 256 characters");
});

test("F71 whoever reaches an object itself gets nothing by the id of a session, or without one", async () => {
  const client = await new McpClient(plainServer().handler).initialize();
  const stub = objectOf(client.session);
  for (const headers of [{ upgrade: "websocket" }, {}] as const) {
    const named = await stub.fetch(`https://x/?session_id=${client.session}`, { headers });
    expect([named.status, named.headers.get("mcp-session-id")]).toEqual([401, client.session]);
    expect(named.webSocket).toBeNull();
    const unnamed = await stub.fetch("https://x/", { headers });
    expect(unnamed.status).toBe(401);
    expect(unnamed.headers.get("mcp-session-id")).toMatch(
      /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
    );
  }
});

test("F72 a stream whose reader is too slow ends, and what it missed comes with the next", async () => {
  const isolate = plainServer();
  const client = await new McpClient(isolate.handler).initialize();
  const response = await client.fetch("GET");
  const long = "x".repeat(100_000);
  for (let line = 0; line < 30; line += 1)
    await isolate.manager.send([client.session], `data: ${line} ${long}\n\n`);
  const links = () =>
    runInDurableObject(objectOf(client.session), (_object, state) => state.getWebSockets().length);
  await vi.waitFor(async () => expect(await links()).toBe(0));
  const first = numbersIn(await response.text());
  expect(first.length).toBeLessThan(15);
  const rest = await client.listen();
  const second: number[] = [];
  while (first.length + second.length < 30)
    second.push(...numbersIn(`data: ${(await rest.next())?.data}`));
  expect([...first, ...second]).toEqual(Array.from({ length: 30 }, (_, line) => line));
});

test("F73 a quiet stream gets a comment every 12 s", async () => {
  const client = await new McpClient(plainServer().handler).initialize();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const { body } = await client.fetch("GET");
  const reader = (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toBe(": connected\n\n");
  for (let round = 0; round < 2; round += 1) {
    vi.advanceTimersByTime(HEARTBEAT_MS);
    expect((await reader.read()).value).toBe(HEARTBEAT);
  }
  vi.useRealTimers();
  await reader.cancel();
});
