import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DurableObjectSessionManager } from "../../src/mcp/index.ts";
import type { ReadStream } from "./mcp-client.ts";
import { McpClient } from "./mcp-client.ts";
import { testServer } from "./mcp-server.ts";

type Binding = "TMCP_DURABLE_OBJECT" | "HASTY_MCP" | "SMALL_MCP";

const objectOf = (client: McpClient, binding: Binding = "TMCP_DURABLE_OBJECT") =>
  env[binding].getByName(`session:${client.session}`);

/** Puts numbered events into the session's stream. */
async function say(
  client: McpClient,
  from: number,
  to: number,
  binding: Binding = "TMCP_DURABLE_OBJECT",
  filler = "",
): Promise<void> {
  const manager = new DurableObjectSessionManager(binding);
  for (let number = from; number <= to; number += 1)
    await manager.send(
      [client.session],
      `event: message\ndata: {"n":${number},"filler":"${filler}"}\n\n`,
    );
}

/** The numbers of the next so many events, and the id of the last. */
async function take(
  stream: ReadStream,
  count: number,
): Promise<{ readonly numbers: readonly number[]; readonly id: string }> {
  const numbers: number[] = [];
  let id = "";
  while (numbers.length < count) {
    const event = await stream.next();
    if (event === undefined) throw new Error(`The stream ended after ${numbers.join(", ")}.`);
    numbers.push((JSON.parse(event.data) as { n: number }).n);
    id = event.id ?? "";
  }
  return { numbers, id };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("F9 a client that comes back with its last id gets exactly what it missed, after a drop and an eviction", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const first = await client.listen();
  await say(client, 1, 3);
  const { id } = await take(first, 2);
  await first.drop();
  await say(client, 4, 6);
  await evictDurableObject(objectOf(client));
  const second = await client.listen(id);
  expect((await take(second, 4)).numbers).toEqual([3, 4, 5, 6]);
  await evictDurableObject(objectOf(client));
  await say(client, 7, 8);
  expect((await take(second, 2)).numbers).toEqual([7, 8]);
});

test("F9 a replay that is cut off in the middle goes on from there, over many pages", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const priming = await (await client.listen()).raw();
  await say(client, 1, 300, "TMCP_DURABLE_OBJECT", "x".repeat(4_000));
  let id = priming?.id ?? "";
  const taken: number[] = [];
  for (const count of [1, 70, 200, 29]) {
    const stream = await client.listen(id);
    const part = await take(stream, count);
    await stream.drop();
    await evictDurableObject(objectOf(client));
    id = part.id;
    taken.push(...part.numbers);
  }
  expect(taken).toEqual(range(1, 300));
});

test("F9 a client whose old link looks alive and is not loses nothing", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const halfOpen = await client.listen();
  const { id = "" } = (await halfOpen.raw()) ?? {};
  await say(client, 1, 3);
  const back = await client.listen(id);
  await say(client, 4, 4);
  expect((await take(back, 4)).numbers).toEqual([1, 2, 3, 4]);
});

test("F9 F14 a deploy, which closes every socket, ends streams that resume, and no call", async () => {
  const { handler, release } = testServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.listen();
  const call = await client.call("wait");
  await call.message();
  await say(client, 1, 2);
  const { id } = await take(stream, 1);
  await objectOf(client).drain();
  await say(client, 3, 3);
  expect((await take(stream, 1)).numbers).toEqual([2]);
  expect(await stream.next()).toBeUndefined();
  release();
  expect(await call.rest()).toMatchObject([{ params: { progress: 2 } }, { result: {} }]);
  expect((await take(await client.listen(id), 2)).numbers).toEqual([2, 3]);
});

test("F10 a first stream has an id before there is any event", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const stream = await client.listen();
  const priming = await stream.raw();
  expect(priming).toMatchObject({ id: expect.stringMatching(/^0-\d+$/) as string, data: "" });
  await stream.drop();
  await say(client, 1, 2);
  expect((await take(await client.listen(priming?.id), 2)).numbers).toEqual([1, 2]);
});

test("F11 a stream without a last id gets what no stream was handed", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  await say(client, 1, 2);
  const first = await client.listen();
  await take(first, 2);
  await say(client, 3, 3);
  await take(first, 1);
  await first.drop();
  await say(client, 4, 4);
  await evictDurableObject(objectOf(client));
  const second = await client.listen();
  expect((await take(second, 1)).numbers).toEqual([4]);
});

test("F11 what was replayed to a stream that went is handed, also where nothing came since", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  await say(client, 1, 3);
  const first = await client.listen();
  await take(first, 3);
  await first.drop();
  await evictDurableObject(objectOf(client));
  const second = await client.listen();
  await second.raw();
  await say(client, 4, 4);
  expect((await take(second, 1)).numbers).toEqual([4]);
});

test("F12 what is not kept any more is told as a gap, by number and by length", async () => {
  const client = await new McpClient(testServer({ binding: "SMALL_MCP" }).handler).initialize();
  const stream = await client.listen();
  const priming = await stream.raw();
  await stream.drop();
  await say(client, 1, 40, "SMALL_MCP");
  const back = await client.listen(priming?.id);
  await back.raw();
  const gap = await back.next();
  expect(gap).toMatchObject({ event: "gap" });
  const { to } = JSON.parse(gap?.data ?? "") as { after: number; to: number };
  const event = await back.next();
  expect(event?.id).toBe(`0-${to + 1}`);
  await back.drop();
  await say(client, 41, 46, "SMALL_MCP", "y".repeat(1_500));
  const kept = await runInDurableObject(objectOf(client, "SMALL_MCP"), (_object, { storage }) =>
    storage.sql.exec("SELECT sum(length(body)) AS length, count(*) AS rows FROM log").one(),
  );
  expect(kept["rows"]).toBeLessThanOrEqual(3);
});

test("F13 a request whose Worker is gone for good is answered with an error", async () => {
  const { handler } = testServer({ binding: "HASTY_MCP" });
  const client = await new McpClient(handler).initialize();
  const lost = `${"A".repeat(12)}.${btoa("77").replaceAll("=", "")}-0`;
  const stream = await client.listen(lost);
  expect(await stream.rest()).toMatchObject([{ id: 77, error: { code: -32603 } }]);
});

test("F14 a call goes on where the object forgot everything in the middle, and nothing is said twice", async () => {
  const { handler, release } = testServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("wait");
  expect(await stream.message()).toMatchObject({ params: { progress: 1 } });
  await runInDurableObject(objectOf(client), (_object, ctx) => {
    ctx.abort("The object crashes.");
  }).catch(() => {});
  release();
  expect(await stream.rest()).toMatchObject([
    { params: { progress: 2 } },
    { result: { content: [{ text: "waited" }] } },
  ]);
});

test("F15 a tool may end its stream: the client comes back and gets the answer", async () => {
  const { handler, release } = testServer();
  const client = await new McpClient(handler).initialize();
  const stream = await client.call("poll");
  const priming = await stream.raw();
  expect(await stream.raw()).toBeUndefined();
  const back = await client.listen(priming?.id);
  release();
  expect(await back.rest()).toMatchObject([{ result: { content: [{ text: "polled" }] } }]);
  const again = await client.listen(priming?.id);
  expect(await again.rest()).toMatchObject([{ result: { content: [{ text: "polled" }] } }]);
});

test("F15 whoever comes back to a stream after its answer is told to stop", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const stream = await client.call("hello");
  const answer = await stream.next();
  const back = await client.fetch("GET", undefined, { "last-event-id": answer?.id ?? "" });
  expect([back.status, await back.text()]).toEqual([204, ""]);
});

test("F16 a cancelled call ends in whichever isolate it runs, without an answer", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  const stream = await client.call("wait", {}, "the call");
  await stream.message();
  const elsewhere = new McpClient(testServer().handler);
  elsewhere.session = client.session;
  const told = await elsewhere.notify("notifications/cancelled", { requestId: "the call" });
  expect(told.status).toBe(202);
  expect(await stream.rest()).toEqual([]);
});

test("F17 an id that is none of this server's is refused", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  for (const id of ["1", "0", "0--1", "0-1e9", "../0-1", `${"x".repeat(400)}-1`])
    expect((await client.fetch("GET", undefined, { "last-event-id": id })).status).toBe(400);
});
