import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { DurableObjectSessionManager, REGISTRY_SHARDS } from "../../src/mcp/index.ts";
import { McpClient } from "./mcp-client.ts";
import { testServer } from "./mcp-server.ts";

type Binding = "TMCP_DURABLE_OBJECT" | "HASTY_MCP";

/** Rows of each table of an object, of those that have any; of a blank object nothing. */
function rowsOf(binding: Binding, name: string): Promise<Record<string, number>> {
  return runInDurableObject(env[binding].getByName(name), (_object, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'perdure%'",
      )
      .toArray();
    const counted = tables.map(({ name: table }) => {
      const { rows } = storage.sql
        .exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`)
        .one();
      return [table, rows] as const;
    });
    return Object.fromEntries(counted.filter(([, rows]) => rows > 0));
  });
}

/** What all registries have of sessions. */
async function listed(binding: Binding, session: string): Promise<number> {
  let found = 0;
  for (let shard = 0; shard < REGISTRY_SHARDS; shard += 1)
    found += await runInDurableObject(
      env[binding].getByName(`registry:${shard}`),
      (_object, { storage }) => {
        const tables = storage.sql
          .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name LIKE 'mcp_%'")
          .toArray()
          .map(({ name }) => name);
        if (!tables.includes("mcp_sessions")) return 0;
        const count = (query: string) =>
          storage.sql.exec<{ rows: number }>(query, session).one().rows;
        return (
          count("SELECT count(*) AS rows FROM mcp_sessions WHERE id = ?") +
          count("SELECT count(*) AS rows FROM mcp_followers WHERE session = ?")
        );
      },
    );
  return found;
}

test("F20 a terminated session leaves no row behind, and its streams end", async () => {
  const { handler } = testServer();
  const client = await new McpClient(handler).initialize();
  await (await client.request("resources/subscribe", { uri: "test://doc" })).rest();
  const stream = await client.listen();
  await stream.raw();
  expect(await listed("TMCP_DURABLE_OBJECT", client.session)).toBe(2);
  expect((await client.fetch("DELETE")).status).toBe(200);
  expect(await stream.raw()).toBeUndefined();
  expect(await rowsOf("TMCP_DURABLE_OBJECT", `session:${client.session}`)).toEqual({});
  expect(await listed("TMCP_DURABLE_OBJECT", client.session)).toBe(0);
});

test("F21 an idle session expires by its alarm with all its rows; one that is connected does not", async () => {
  const { handler } = testServer({ binding: "HASTY_MCP" });
  const idle = await new McpClient(handler).initialize();
  const used = await new McpClient(handler).initialize();
  await (await idle.request("resources/subscribe", { uri: "test://idle" })).rest();
  const stream = await used.listen();
  await stream.raw();
  const now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now + 10_000);
  try {
    for (const { session } of [idle, used])
      await runDurableObjectAlarm(env.HASTY_MCP.getByName(`session:${session}`));
    expect(await rowsOf("HASTY_MCP", `session:${idle.session}`)).toEqual({});
    expect(await listed("HASTY_MCP", idle.session)).toBe(0);
    expect((await idle.fetch("GET")).status).toBe(404);
    expect(await listed("HASTY_MCP", used.session)).toBe(1);
  } finally {
    vi.restoreAllMocks();
  }
  await new DurableObjectSessionManager("HASTY_MCP").send([used.session], "data: 1\n\n");
  expect(await stream.message()).toBe(1);
});

test("F27 a request that was answered leaves no socket behind", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  await (await client.call("hello")).rest();
  const stub = env.TMCP_DURABLE_OBJECT.getByName(`session:${client.session}`);
  await vi.waitFor(async () =>
    expect(await runInDurableObject(stub, (_object, ctx) => ctx.getWebSockets().length)).toBe(0),
  );
});

test("F22 a session belongs to the subject that initialized it: nobody else finds it", async () => {
  const { handler } = testServer({
    authenticate: (request) => {
      const subject = request.headers.get("authorization");
      return subject === null ? null : { subject };
    },
  });
  const ada = await new McpClient(handler, { authorization: "ada" }).initialize();
  const bob = await new McpClient(handler, { authorization: "bob" }).initialize();
  expect((await new McpClient(handler).fetch("GET")).status).toBe(401);
  const stream = await ada.call("ask");
  const question = await stream.message();
  bob.session = ada.session;
  const ping = { jsonrpc: "2.0", id: 9, method: "ping" };
  expect((await bob.fetch("GET")).status).toBe(404);
  expect((await bob.fetch("POST", ping)).status).toBe(404);
  expect((await bob.fetch("DELETE")).status).toBe(404);
  expect((await bob.notify("notifications/cancelled", { requestId: 2 })).status).toBe(404);
  expect((await bob.answer(question?.["id"], { action: "decline" })).status).toBe(404);
  expect(
    (await ada.answer(question?.["id"], { action: "accept", content: { mood: "ok" } })).status,
  ).toBe(202);
  expect(await stream.rest()).toMatchObject([{ result: { content: [{ text: "accept" }] } }]);
});

test("F23 a request for a session that does not exist writes nothing", async () => {
  const { handler } = testServer();
  const client = await new McpClient(handler).initialize();
  await client.fetch("DELETE");
  const name = `session:${client.session}`;
  for (const method of ["GET", "DELETE"]) await client.fetch(method);
  await client.fetch("POST", { jsonrpc: "2.0", id: 1, method: "ping" });
  await new DurableObjectSessionManager().send([client.session], "data: 1\n\n");
  const tables = await runInDurableObject(
    env.TMCP_DURABLE_OBJECT.getByName(name),
    (_object, { storage }) =>
      storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master").toArray(),
  );
  expect(tables.filter(({ name: table }) => !table.startsWith("_cf"))).toEqual([]);
});

test("F24 what could not be initialized is no session", async () => {
  const client = new McpClient(testServer().handler);
  const stream = await client.request("initialize", { protocolVersion: 5 });
  client.session = stream.response.headers.get("mcp-session-id") ?? "";
  expect(await stream.rest()).toMatchObject([{ error: {} }]);
  await vi.waitFor(async () => expect((await client.fetch("GET")).status).toBe(404));
});

test("F25 what a client said of itself, and its log level, hold in every isolate", async () => {
  const client = await new McpClient(testServer().handler).initialize();
  await (await client.request("logging/setLevel", { level: "critical" })).rest();
  const elsewhere = new McpClient(testServer().handler);
  elsewhere.session = client.session;
  expect(await (await elsewhere.call("say", { count: 3 })).rest()).toHaveLength(1);
  const { info } = new DurableObjectSessionManager();
  expect(await info.getClientInfo(client.session)).toEqual({ name: "test", version: "1" });
  await expect(info.getLogLevel("nobody")).rejects.toThrow("not known");
});

test("F26 a change of a resource reaches the sessions that follow it, and no others, once", async () => {
  const { handler, server } = testServer();
  const follower = await new McpClient(handler).initialize();
  const other = await new McpClient(handler).initialize();
  await (await follower.request("resources/subscribe", { uri: "test://doc" })).rest();
  const [stream, quiet] = [await follower.listen(), await other.listen()];
  server.changed("resource", "test://doc");
  expect(await stream.message()).toMatchObject({ params: { uri: "test://doc" } });
  await (await follower.request("resources/unsubscribe", { uri: "test://doc" })).rest();
  server.changed("resource", "test://doc");
  await (await other.call("change")).rest();
  const next = { method: "notifications/tools/list_changed" };
  expect(await stream.message()).toMatchObject(next);
  expect(await quiet.message()).toMatchObject(next);
});
