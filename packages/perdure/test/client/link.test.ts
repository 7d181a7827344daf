import { expect, test } from "vitest";
import { DEAD_LINK_MS, FINAL_CLOSE_CODES, PING_INTERVAL_MS } from "../../src/protocol/index.ts";
import { clientOf, goLive, liveClient, pass, settle, useSimulatedTime } from "./client-setup.ts";
import { FakeServer } from "./fake-server.ts";
import { events, head, live, meta, welcome } from "./frames.ts";
import { stubPage } from "./page.ts";

useSimulatedTime();

/** How long each attempt waits after the one before it failed, in milliseconds. */
async function backoffs(random: number, count: number): Promise<number[]> {
  const server = new FakeServer();
  server.accepts = false;
  clientOf(server, { random: () => random }).connect();
  await settle();
  const waits: number[] = [];
  let before = Date.now();
  while (waits.length < count) {
    const attempts = server.connections.length;
    while (server.connections.length === attempts) await pass(10);
    waits.push(Date.now() - before);
    before = Date.now();
  }
  return waits;
}

test("attempts are further and further apart, up to a bound", async () => {
  const waits = await backoffs(1, 9);
  const expected = [1_000, 1_600, 2_560, 4_096, 6_554, 10_486, 15_000, 15_000, 15_000];
  for (const [index, wait] of waits.entries())
    expect(Math.abs(wait - (expected[index] ?? 0))).toBeLessThanOrEqual(20);
});

test("clients that lost the server together come back at different times", async () => {
  const [one = 0] = await backoffs(0, 1);
  const [other = 0] = await backoffs(0.9, 1);
  expect(one).toBeLessThan(520);
  expect(other).toBeGreaterThan(940);
});

test("the link is offline from a failure to the next open connection", async () => {
  const server = new FakeServer();
  server.accepts = false;
  const client = clientOf(server);
  client.connect();
  expect(client.getState().link).toBe("connecting");
  await settle();
  expect(client.getState().link).toBe("offline");
  await pass(5_000);
  expect(client.getState().link).toBe("offline");
  server.accepts = true;
  await pass(5_000);
  expect(client.getState().link).toBe("catching-up");
});

test("reconnect does not wait for the backoff", async () => {
  const server = new FakeServer();
  server.accepts = false;
  const client = clientOf(server);
  client.connect();
  await pass(30_000);
  server.accepts = true;
  client.reconnect();
  await settle();
  expect(client.getState().link).toBe("catching-up");
  const attempts = server.connections.length;
  await pass(30_000);
  expect(server.connections).toHaveLength(attempts);
});

test("reconnect replaces a connection that is open", async () => {
  const { server, client } = await liveClient();
  const links: string[] = [];
  client.subscribe(() => links.push(client.getState().link));
  client.reconnect();
  await settle();
  expect(links).toEqual(["connecting", "catching-up"]);
  expect(server.connections.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  server.connections[0]?.drop(4401);
  expect(client.getState()).toMatchObject({ link: "catching-up", problem: undefined });
});

test.each([
  [4400, "bad_frame"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
  [4404, "session_not_found"],
  [4409, "fenced"],
  [4413, "too_large"],
])("close code %i is final: the link is closed with problem %s", async (closeCode, code) => {
  expect(FINAL_CLOSE_CODES).toContain(closeCode);
  const { server, client } = await liveClient();
  server.connection.drop(closeCode, "The server's reason.");
  expect(client.getState()).toMatchObject({
    link: "closed",
    problem: { code, detail: "The server's reason." },
  });
  await pass(120_000);
  expect(server.connections).toHaveLength(1);
});

test("an error frame right before a final close is its reason", async () => {
  const { server, client } = await liveClient();
  const error = { code: "unsupported_version", detail: "This server speaks version 2." };
  server.connection.push({ t: "error", i: "one", error });
  server.connection.drop(4400);
  expect(client.getState().problem).toEqual(error);
});

test("an error frame that other frames followed is not the reason of a final close", async () => {
  const { server, client } = await liveClient();
  const error = { code: "rate_limited", detail: "Wait." };
  server.connection.push({ t: "error", i: "one", error });
  server.connection.push(head(1));
  server.connection.drop(4404);
  expect(client.getState().problem?.code).toBe("session_not_found");
});

test("connect after a final close tries again", async () => {
  const { server, client } = await liveClient();
  server.connection.drop(4401);
  client.connect();
  await settle();
  goLive(server);
  expect(client.getState()).toMatchObject({ link: "live", problem: undefined });
});

test.each([1000, 1001, 1006, 1011, 4000, 4429, 4430, 4500, 4503])(
  "after close code %i the client comes back and resumes at its cursor",
  async (code) => {
    const { server, client } = await liveClient();
    server.connection.drop(code);
    expect(client.getState()).toMatchObject({ link: "offline", problem: undefined });
    await pass(1_100);
    expect(server.connections).toHaveLength(2);
    expect(server.connection.received).toEqual([{ t: "hello", v: 1, after: 1 }]);
  },
);

test("a token function is asked for one more token before the link is closed as unauthorized", async () => {
  const { server, client } = await liveClient({ token: () => "t" });
  server.connection.drop(4401);
  expect(client.getState().link).toBe("offline");
  await pass(1_100);
  server.connection.drop(4401);
  expect(client.getState()).toMatchObject({ link: "closed", problem: { code: "unauthorized" } });
});

test("a token that the server took restores the one more try", async () => {
  const { server, client } = await liveClient({ token: () => "t" });
  for (let round = 0; round < 3; round += 1) {
    server.connection.drop(4401);
    await pass(5_000);
    server.connection.push(welcome(1));
    server.connection.push(live(1));
    expect(client.getState().link).toBe("live");
  }
});

test("a token function that fails is asked again after a backoff", async () => {
  const server = new FakeServer();
  let calls = 0;
  const token = () => {
    calls += 1;
    return calls < 3 ? Promise.reject(new Error("no network")) : Promise.resolve("t");
  };
  const client = clientOf(server, { token });
  client.connect();
  await pass(10_000);
  expect(calls).toBe(3);
  expect(client.getState().link).toBe("catching-up");
});

test("pings go out while the connection is open, and their answers are no frames", async () => {
  const { server, client } = await liveClient();
  await pass(PING_INTERVAL_MS * 10);
  expect(server.connection.pings).toBe(10);
  expect(server.connections).toHaveLength(1);
  expect(client.getState().link).toBe("live");
  client.close();
  await pass(PING_INTERVAL_MS * 4);
  expect(server.connection.pings).toBe(10);
});

test("a link on which nothing arrives any more is given up after the dead-link time", async () => {
  const { server, client } = await liveClient();
  server.connection.isBroken = true;
  await pass(DEAD_LINK_MS - 100);
  expect(server.connections).toHaveLength(1);
  await pass(200);
  expect(server.connections).toHaveLength(2);
  goLive(server);
  expect(client.getState().link).toBe("live");
});

test("any frame is a sign of life", async () => {
  const { server } = await liveClient();
  const { connection } = server;
  connection.send = () => {};
  for (let second = 0; second < 120; second += 10) {
    connection.push(head(1));
    await pass(10_000);
  }
  expect(server.connections).toHaveLength(1);
});

test("a page that was asleep asks first: its own silence is not the server's", async () => {
  let now = 0;
  const { server } = await liveClient({ clock: () => now });
  const { connection } = server;
  const answer = connection.send.bind(connection);
  connection.send = (data) => void setTimeout(() => answer(data), 300);
  await pass(1_000);
  now += 3_600_000;
  await pass(PING_INTERVAL_MS);
  expect(connection.pings).toBe(1);
  await pass(60_000);
  expect(server.connections).toHaveLength(1);
});

test("a page that is looked at again gives a dead link five seconds", async () => {
  const { show } = stubPage();
  const { server } = await liveClient();
  server.connection.isBroken = true;
  show("hidden");
  await pass(5_100);
  expect(server.connections).toHaveLength(1);
  show("visible");
  await pass(4_900);
  expect(server.connections).toHaveLength(1);
  await pass(200);
  expect(server.connections).toHaveLength(2);
});

test("a page whose network returns asks at once, and stays where the answer comes", async () => {
  const { goOnline } = stubPage();
  const { server, client } = await liveClient();
  goOnline();
  expect(server.connection.pings).toBe(1);
  await pass(10_000);
  expect(server.connections).toHaveLength(1);
  expect(client.getState().link).toBe("live");
});

test("a page whose network returns does not wait for the backoff", async () => {
  const { goOnline } = stubPage();
  const server = new FakeServer();
  server.accepts = false;
  const client = clientOf(server);
  client.connect();
  await pass(60_000);
  server.accepts = true;
  goOnline();
  await settle();
  expect(client.getState().link).toBe("catching-up");
});

test("a closed client no longer listens to the page", async () => {
  const { goOnline } = stubPage();
  const { server, client } = await liveClient();
  client.close();
  goOnline();
  await pass(1_000);
  expect(server.connections).toHaveLength(1);
});

test("a catch-up that comes to a halt is begun again on a new connection", async () => {
  const server = new FakeServer();
  const client = clientOf(server);
  client.connect();
  await settle();
  server.connection.push(welcome(100));
  server.connection.push(events(1, [meta("x", 1)], 100));
  await pass(DEAD_LINK_MS - 10);
  expect(server.connections).toHaveLength(1);
  await pass(20);
  expect(server.connections).toHaveLength(2);
  expect(server.connection.of("hello")).toEqual([{ t: "hello", v: 1, after: 1 }]);
});

test("a catch-up whose answer was lost is begun again, whatever else goes on arriving", async () => {
  const server = new FakeServer();
  const client = clientOf(server);
  client.connect();
  await settle();
  server.connection.push(welcome(100));
  for (let waited = 0; waited < DEAD_LINK_MS; waited += 10_000) {
    await pass(10_000);
    server.connection.push({ t: "runner", i: "one", runner: null });
  }
  await pass(20);
  expect(server.connections).toHaveLength(2);
});

test("T21 close code 4410 is final for a reader that has seen the end; any other asks for it again", async () => {
  const { server, client } = await liveClient();
  server.connection.drop(4410);
  expect(client.getState()).toMatchObject({ link: "offline", problem: undefined });
  await pass(1_100);
  server.connection.push(welcome(2));
  const at = 5;
  const end = { type: "session.lifecycle", state: "terminated", by: "ann", at } as const;
  server.connection.push(events(2, [end], 2));
  server.connection.push(live(2));
  server.connection.drop(4410, "The server's reason.");
  expect(client.getState()).toMatchObject({
    link: "closed",
    problem: { code: "session_terminated", detail: "The server's reason." },
    session: { lifecycle: "terminated" },
  });
  await pass(120_000);
  expect(server.connections).toHaveLength(2);
});
