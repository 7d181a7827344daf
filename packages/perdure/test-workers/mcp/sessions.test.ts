import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { McpClient } from "./mcp-client.ts";
import { testServer } from "./mcp-server.ts";

const objectOf = (client: McpClient) =>
  env.TMCP_DURABLE_OBJECT.getByName(`session:${client.session}`);

test("F1 a request is answered over a stream that is primed and numbered", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const stream = await client.call("hello");
  const priming = await stream.raw();
  expect(priming).toMatchObject({ data: "" });
  expect(priming?.id).toMatch(/^[\w-]{12}\.Mg-\d+$/);
  const answer = await stream.next();
  expect(JSON.parse(answer?.data ?? "")).toMatchObject({
    id: 2,
    result: { content: [{ text: "hello" }] },
  });
  expect(await stream.next()).toBeUndefined();
});

test("F2 an unknown, a forged and a terminated session get 404", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const { session } = client;
  const stream = await client.listen();
  expect((await client.fetch("DELETE")).status).toBe(200);
  expect(await stream.next()).toBeUndefined();
  for (const method of ["GET", "DELETE"]) expect((await client.fetch(method)).status).toBe(404);
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  expect((await client.fetch("POST", ping)).status).toBe(404);
  client.session = `${session.slice(0, -1)}${session.endsWith("A") ? "B" : "A"}`;
  expect((await client.fetch("POST", ping)).status).toBe(404);
  client.session = "";
  expect((await client.fetch("POST", ping)).status).toBe(400);
});

test("F3 what was said during a call comes in order, each once, however fast the call is", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  for (let round = 0; round < 20; round += 1) {
    const messages = await (await client.call("say", { count: 5 })).rest();
    expect(messages).toHaveLength(6);
    expect(messages.slice(0, 5)).toMatchObject(
      [0, 1, 2, 3, 4].map((line) => ({ params: { data: `line ${line}` } })),
    );
  }
});

test("F4 a client that went away in mid-call comes back for what it missed", async () => {
  const { handler, release } = testServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("wait");
  const priming = await stream.raw();
  expect(await stream.message()).toMatchObject({ params: { progress: 1 } });
  await stream.drop();
  await evictDurableObject(objectOf(client));
  const back = await client.listen(priming?.id);
  expect(await back.message()).toMatchObject({ params: { progress: 1 } });
  release();
  expect(await back.rest()).toMatchObject([
    { params: { progress: 2 } },
    { result: { content: [{ text: "waited" }] } },
  ]);
});

test("F5 the answer to a question finishes the call in another isolate, after an eviction", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const stream = await client.call("ask");
  const question = await stream.message();
  expect(question).toMatchObject({ method: "elicitation/create" });
  await evictDurableObject(objectOf(client));
  const elsewhere = new McpClient(testServer().handler);
  elsewhere.session = client.session;
  const result = { action: "accept", content: { mood: "fine" } };
  expect((await elsewhere.answer(question?.["id"], result)).status).toBe(202);
  expect(await stream.rest()).toMatchObject([{ result: { content: [{ text: "accept" }] } }]);
});

test("F6 an answer is taken from the session that was asked only", async () => {
  const { handler } = testServer();
  const client = await new McpClient(handler).initialize();
  const other = await new McpClient(handler).initialize();
  const stream = await client.call("ask");
  const question = await stream.message();
  expect((await other.answer(question?.["id"], { action: "decline" })).status).toBe(400);
  expect((await client.answer(question?.["id"], { action: "cancel" })).status).toBe(202);
  expect(await stream.rest()).toMatchObject([{ result: { content: [{ text: "cancel" }] } }]);
});

test("F7 a broadcast reaches every session, connected or not, once", async () => {
  const { handler } = testServer();
  const here = await new McpClient(handler).initialize();
  const away = await new McpClient(handler).initialize();
  const stream = await here.listen();
  await (await away.call("change")).rest();
  expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
  const late = await away.listen();
  expect(await late.message()).toMatchObject({ method: "notifications/tools/list_changed" });
});

test("F8 a second stream takes over, and the first one's end does not end it", async () => {
  const { handler } = testServer();
  const client = await new McpClient(handler).initialize();
  const first = await client.listen();
  const second = await client.listen();
  expect(await first.next()).toBeUndefined();
  await first.drop();
  await (await client.call("change")).rest();
  expect(await second.message()).toMatchObject({ method: "notifications/tools/list_changed" });
});

test("F18 a request of an unknown revision gets 400, and one that is too long 413", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  for (const version of ["2024-01-01", "2027-01-01", "latest"])
    for (const method of ["GET", "POST", "DELETE"]) {
      const body = method === "POST" ? ping : undefined;
      const { status } = await client.fetch(method, body, { "mcp-protocol-version": version });
      expect(status).toBe(400);
    }
  const long = { ...ping, params: { text: "x".repeat(4 * 1024 * 1024) } };
  expect((await client.fetch("POST", long)).status).toBe(413);
  expect((await client.fetch("POST", "no JSON")).status).toBe(400);
});

test("F19 a request from another page is refused before anything is looked at", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  for (const origin of ["https://evil.example", "null"])
    for (const method of ["GET", "DELETE"])
      expect((await client.fetch(method, undefined, { origin })).status).toBe(403);
  expect(
    (await client.fetch("DELETE", undefined, { origin: "http://localhost:6274" })).status,
  ).toBe(200);
});
