/** What MCP costs in rows, as the platform bills them. */

import { expect, test, vi } from "vitest";
import { DurableObjectSessionManager } from "../../src/mcp/index.ts";
import { REGISTRY_SHARDS } from "../../src/mcp/placement.ts";
import type { Writes } from "../objects/mcp-layers.ts";
import { written } from "../objects/mcp-layers.ts";
import { McpClient } from "./mcp-client.ts";
import { testServer } from "./mcp-server.ts";

const binding = "COUNTED_MCP";
const EVENT = 'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/test"}\n\n';

const NOTHING: Writes = { rows: 0, alarms: 0 };

/** Rows that the tables of a new session are. */
const TABLES = 17;

const { handler } = testServer({ binding });
const { streams } = new DurableObjectSessionManager(binding);

/** What a session's object and all registries have written while something was done. */
async function cost(client: McpClient, work: () => Promise<unknown>) {
  const before = new Map([...written].map(([name, writes]) => [name, { ...writes }]));
  await work();
  const spent = (name: string) => {
    const { rows, alarms } = written.get(name) ?? NOTHING;
    const { rows: rowsBefore, alarms: alarmsBefore } = before.get(name) ?? NOTHING;
    return { rows: rows - rowsBefore, alarms: alarms - alarmsBefore };
  };
  const registries = registryNames().map((name) => spent(name));
  return {
    session: spent(`session:${client.session}`),
    registries: {
      rows: registries.reduce((sum, { rows }) => sum + rows, 0),
      alarms: registries.reduce((sum, { alarms }) => sum + alarms, 0),
    },
  };
}

/** Sessions in every registry, so that the tables of all are there. */
async function fillRegistries(): Promise<void> {
  while (registryNames().length < REGISTRY_SHARDS) await new McpClient(handler).initialize();
}

test("F50 a new session writes four rows and an alarm besides its tables: itself, its timer, its first answer, and one in its registry", async () => {
  await fillRegistries();
  const client = new McpClient(handler);
  expect(await cost(client, () => client.initialize())).toEqual({
    session: { rows: TABLES + 3, alarms: 1 },
    registries: { rows: 1, alarms: 0 },
  });
});

test("F51 a message to one session writes one row, connected or not, and touches no other object", async () => {
  const client = await new McpClient(handler).initialize();
  const send = () => streams.send([client.session], EVENT);
  const one = { session: { rows: 1, alarms: 0 }, registries: NOTHING };
  expect(await cost(client, () => Promise.resolve(send()))).toEqual(one);
  const stream = await client.listen();
  await stream.next();
  const sent = await cost(client, async () => {
    await send();
    await stream.next();
  });
  expect(sent).toEqual(one);
});

test("F52 a broadcast writes one row for each session, and in each registry five and two calls of the alarm, however many sessions it has", async () => {
  await fillRegistries();
  const client = await new McpClient(handler).initialize();
  const sessions = [...written.keys()].filter((name) => name.startsWith("session:"));
  const before = sessions.map((name) => written.get(name)?.rows ?? 0);
  const alarms = alarmsOfRegistries();
  const spent = await cost(client, async () => {
    await streams.send(undefined, EVENT);
    await vi.waitFor(() =>
      expect(sessions.map((name) => written.get(name)?.rows)).toEqual(
        before.map((rows) => rows + 1),
      ),
    );
    // Each registry clears its alarm when all of its sessions have it.
    await vi.waitFor(() => expect(alarmsOfRegistries()).toBe(alarms + REGISTRY_SHARDS * 2));
  });
  expect(spent).toEqual({
    session: { rows: 1, alarms: 0 },
    registries: { rows: REGISTRY_SHARDS * 5, alarms: REGISTRY_SHARDS * 2 },
  });
});

test("F53 a request with its answer writes one row", async () => {
  const client = await new McpClient(handler).initialize();
  const spent = await cost(client, async () => (await client.call("hello")).rest());
  expect(spent).toEqual({ session: { rows: 1, alarms: 0 }, registries: NOTHING });
});

test("F54 what a call says while its first message is being stored is stored in one row: 20 notifications and an answer are two", async () => {
  const client = await new McpClient(handler).initialize();
  const spent = await cost(client, async () => {
    expect(await (await client.call("say", { count: 20 })).rest()).toHaveLength(21);
  });
  expect(spent).toEqual({ session: { rows: 2, alarms: 0 }, registries: NOTHING });
});

test("F55 an end writes four rows: that it ends and a timer, the alarm, and one in its registry; then all goes at once", async () => {
  const client = await new McpClient(handler).initialize();
  const spent = await cost(client, () => client.fetch("DELETE"));
  expect(spent).toEqual({
    session: { rows: 2, alarms: 2 },
    registries: { rows: 1, alarms: 0 },
  });
});

test("F56 a URI that is followed is one row at the session and two in its registry, and one each when it is not any more", async () => {
  const client = await new McpClient(handler).initialize();
  const { info } = new DurableObjectSessionManager(binding);
  const one = { rows: 1, alarms: 0 };
  const follow = () => Promise.resolve(info.addSubscription(client.session, "test://doc"));
  expect(await cost(client, follow)).toEqual({ session: one, registries: { rows: 2, alarms: 0 } });
  const unfollow = () => Promise.resolve(info.removeSubscription?.(client.session, "test://doc"));
  expect(await cost(client, unfollow)).toEqual({ session: one, registries: one });
});

test("F57 reading and resuming write nothing, nor does what a client says of itself again", async () => {
  const client = await new McpClient(handler).initialize();
  await streams.send([client.session], EVENT);
  const { info } = new DurableObjectSessionManager(binding);
  const spent = await cost(client, async () => {
    const stream = await client.listen();
    const first = await stream.next();
    await stream.drop();
    const back = await client.listen(first?.id?.replace(/\d+$/, "0"));
    expect(await back.next()).toEqual(first);
    await Promise.resolve(info.setClientInfo(client.session, { name: "test", version: "1" }));
    await client.notify("notifications/initialized");
  });
  expect(spent).toEqual({ session: NOTHING, registries: NOTHING });
});

function alarmsOfRegistries(): number {
  return registryNames().reduce((sum, name) => sum + (written.get(name) ?? NOTHING).alarms, 0);
}

function registryNames(): readonly string[] {
  return [...written.keys()].filter((name) => name.startsWith("registry:"));
}
