import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { until } from "../../../cli/test-system/support/until.ts";
import type { ClientOptions } from "./support/client.ts";
import { OfficialClient, posting, textOf } from "./support/client.ts";
import { Workerd } from "./support/workerd.ts";

const TIMES = Array.from({ length: 20 }, (_, n) => n);

let server: Workerd;

beforeAll(async () => {
  server = await Workerd.start("fixture-worker");
});

afterAll(async () => {
  await server?.stop();
});

async function connect(options?: ClientOptions, url = server.url): Promise<OfficialClient> {
  const client = await OfficialClient.connect(url, options);
  onTestFinished(() => client.leave());
  return client;
}

/** What each way to use a session says to an id: both ways, in both isolates. */
async function statusesOf(session: string): Promise<number[]> {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-session-id": session,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const statuses = [];
  for (const url of [server.url, server.otherUrl])
    for (const how of [{ method: "POST", body }, {}]) {
      const response = await fetch(`${url}/mcp`, { ...how, headers });
      await response.body?.cancel();
      statuses.push(response.status);
    }
  return statuses;
}

test("F210 the official client lists, reads and calls what the server has", async () => {
  const { client } = await connect();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("test_simple_text");
  const { prompts } = await client.listPrompts();
  expect(prompts.map(({ name }) => name)).toContain("test_simple_prompt");
  const { resourceTemplates } = await client.listResourceTemplates();
  expect(resourceTemplates.map(({ name }) => name)).toEqual(["template"]);
  const { contents } = await client.readResource({ uri: "test://template/123/data" });
  expect(contents).toEqual([
    {
      uri: "test://template/123/data",
      mimeType: "application/json",
      text: '{"id":"123","templateTest":true,"data":"Data for ID: 123"}',
    },
  ]);
  expect(textOf(await client.callTool({ name: "test_simple_text" }))).toBe(
    "This is a simple text response for testing.",
  );
});

test("F211 what a call logs while it runs arrives before its answer, 20 of 20, however fast it is", async () => {
  const client = await connect();
  for (const n of TIMES) {
    await client.call("log", { level: "warning", line: `line ${n}` });
    expect(client.logged).toHaveLength(n + 1);
  }
  expect(client.logged).toEqual(TIMES.map((n) => `line ${n}`));
});

test("F212 what a fast call tells all sessions reaches each of them, 20 of 20, from any isolate", async () => {
  const here = await connect();
  const there = await connect({}, server.otherUrl);
  for (const _ of TIMES) await here.call("change_tools");
  await until("both were told", () => here.toolChanges >= 20 && there.toolChanges >= 20);
  expect([here.toolChanges, there.toolChanges]).toEqual([20, 20]);
});

test("F213 a resource's followers hear of its changes, made by any session in any isolate, 20 of 20, and nobody else does", async () => {
  const follower = await connect();
  const stranger = await connect();
  const maker = await connect({}, server.otherUrl);
  const uri = "test://watched/0";
  await follower.client.subscribeResource({ uri });
  await stranger.client.subscribeResource({ uri: "test://watched/1" });
  for (const _ of TIMES) await maker.call("change_resource", { uri });
  await maker.call("change_resource", { uri: "test://watched/1" });
  await until("the last was told", () => stranger.updated.length > 0);
  await until("the follower was told", () => follower.updated.length >= 20);
  expect(follower.updated).toEqual(TIMES.map(() => uri));
  expect(stranger.updated).toEqual(["test://watched/1"]);

  await follower.client.unsubscribeResource({ uri });
  await maker.call("change_resource", { uri });
  // What comes later has arrived, so what would have come before it has, too.
  await maker.call("change_tools");
  await until("the follower was told of the tools", () => follower.toolChanges > 0);
  expect(follower.updated).toHaveLength(20);
});

test("F214 a log level holds in every later request, in any isolate, and for its own session alone", async () => {
  let base = server.url;
  const client = await connect({ fetch: posting(() => base) });
  const other = await connect();
  await client.client.setLoggingLevel("error");
  for (const url of [server.url, server.otherUrl]) {
    base = url;
    await client.call("log", { level: "warning", line: "warning" });
    await client.call("log", { level: "error", line: "error" });
  }
  expect(client.logged).toEqual(["error", "error"]);
  await other.call("log", { level: "warning", line: "of the other" });
  expect(other.logged).toEqual(["of the other"]);
});

test("F215 progress arrives while a call runs, and belongs to it", async () => {
  const { client } = await connect();
  const seen: number[] = [];
  const answer = await client.callTool(
    { name: "wait", arguments: { steps: 5, everyMs: 10 } },
    undefined,
    { onprogress: ({ progress }) => seen.push(progress) },
  );
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect(textOf(answer)).toBe("Waited.");
});

test("F216 a call that the client cancels is ended on the server, and the session goes on", async () => {
  const client = await connect();
  const before = await client.call("cancelled");
  const gone = new AbortController();
  const call = client.client.callTool(
    { name: "wait", arguments: { steps: 100, everyMs: 50 } },
    undefined,
    { signal: gone.signal, onprogress: () => gone.abort("enough") },
  );
  await expect(call).rejects.toThrow("enough");
  await until("the tool noticed", async () => (await client.call("cancelled")) !== before);
  expect(await client.call("test_simple_text")).toContain("simple text");
});

test("F218 sessions do not see each other, though their requests have the same ids and run at once", async () => {
  const clients = await Promise.all([connect(), connect(), connect()]);
  const sessions = await Promise.all(clients.map((client) => client.call("session")));
  expect(new Set(sessions).size).toBe(3);
  expect(sessions).toEqual(clients.map(({ session }) => session));
  clients.forEach(({ client }, n) =>
    client.setRequestHandler(ElicitRequestSchema, () => ({
      action: "accept",
      content: { username: `user ${n}`, email: `${n}@example.com` },
    })),
  );
  const answers = await Promise.all(
    clients.map((client, n) => client.call("test_elicitation", { message: `You, ${n}?` })),
  );
  answers.forEach((answer, n) => expect(answer).toContain(`"user ${n}"`));
  await Promise.all(
    clients.map((client, n) => client.call("log", { level: "warning", line: `of ${n}` })),
  );
  clients.forEach((client, n) => expect(client.logged).toEqual([`of ${n}`]));
});

test("F219 a session that was ended is gone: 404, in every isolate, and so is an id that nobody gave", async () => {
  const client = await connect();
  const { session } = client;
  await client.transport.terminateSession();
  expect(await statusesOf(session)).toEqual([404, 404, 404, 404]);
  expect(await statusesOf(crypto.randomUUID())).toEqual([404, 404, 404, 404]);
  const altered = session.replace(/^./, (first) => (first === "A" ? "B" : "A"));
  expect(await statusesOf(altered)).toEqual([404, 404, 404, 404]);
});

test("F220 a call that fails with an error is over: the client does not go on asking for its stream", async () => {
  const client = await connect();
  await expect(client.client.getPrompt({ name: "no_such_prompt" })).rejects.toThrow("not found");
  const asked = () => client.requests.filter((request) => request.startsWith("GET")).length;
  // The official client comes back for a stream that ended with an error; it stops where that is refused.
  for (let n = 0; n < 20; n += 1) await client.call("wait", { steps: 1, everyMs: 100 });
  const before = asked();
  for (let n = 0; n < 5; n += 1) await client.call("wait", { steps: 1, everyMs: 100 });
  expect(asked()).toBe(before);
});

test("F227 a second stream of a session takes over: the first ends, and what comes is told to one of them, once", async () => {
  const client = await connect();
  const maker = await connect({}, server.otherUrl);
  const { session } = client;
  await client.client.subscribeResource({ uri: "test://watched/2" });
  await client.leave();
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const listen = async (url: string) => {
    const headers = { accept: "text/event-stream", "mcp-session-id": session };
    const { body } = await fetch(`${url}/mcp`, { headers, signal: leaving.signal });
    const heard = { text: "", hasEnded: false };
    const write = (text: string) => void (heard.text += text);
    const close = () => void (heard.hasEnded = true);
    // It ends with an error where the test does.
    body
      ?.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write, close }))
      .catch(() => {});
    return heard;
  };
  const first = await listen(server.url);
  const second = await listen(server.otherUrl);
  await until("the first has ended", () => first.hasEnded);
  await maker.call("change_resource", { uri: "test://watched/2" });
  await until("the second hears of it", () => second.text.includes("test://watched/2"));
  expect(second.text.split("test://watched/2")).toHaveLength(2);
  expect(first.text).not.toContain("test://watched/2");
  expect(second.hasEnded).toBe(false);
});
