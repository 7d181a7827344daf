import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { ConnectionClientOptions } from "../../src/client/index.ts";
import { ConnectionClient } from "../../src/client/index.ts";
import { parseConnectionClientFrame } from "../../src/protocol/index.ts";
import { clientRoutes, contract } from "../objects/client-user-do.ts";
import { Network } from "./cut-socket.ts";

const URL = "https://example.com/ws";

afterEach(() => {
  vi.unstubAllGlobals();
});

const objectOf = (user: string) => env.CLIENT_USER.getByName(user);

type Options = Omit<ConnectionClientOptions<typeof contract>, "contract">;

/** A client of a user, and the network between. */
function clientOf(user: string, options: Options = {}) {
  const network = new Network(clientRoutes);
  const client = new ConnectionClient({
    url: URL,
    token: user,
    contract,
    WebSocket: network.WebSocket,
    // So that a new attempt is made at once.
    random: () => -1,
    ...options,
  });
  onTestFinished(() => client.close());
  return { network, client };
}

async function liveClient(user: string, options: Options = {}) {
  const { network, client } = clientOf(user, options);
  client.connect();
  await isLive(client);
  return { network, client };
}

const isLive = (client: { getState(): { readonly link: string } }) =>
  vi.waitFor(() => expect(client.getState().link).toBe("live"));

/** The data of an event's frame. */
function dataOf(frame: unknown): unknown {
  const parsed = typeof frame === "string" ? parseConnectionClientFrame(frame) : undefined;
  return parsed?.t === "event" ? parsed.data : undefined;
}

const NOTES = ["one", "two", "three", "four", "five"] as const;

test.each(
  NOTES.flatMap((note) =>
    (["before", "after"] as const).flatMap((where) =>
      [true, false].map((isTold) => ({ note, where, isTold })),
    ),
  ),
)(
  "Y8 events are handled once and in order where the link breaks $where $note (the object is told: $isTold)",
  async ({ note, where, isTold }) => {
    const user = `cut ${note} ${where} ${isTold}`;
    const { network, client } = await liveClient(user);
    network.isTold = isTold;
    let isCut = false;
    network.cut = (frame) => {
      if (isCut || dataOf(frame) !== note) return undefined;
      isCut = true;
      return where;
    };
    const answers = NOTES.map((text) => client.emit("note", text));
    expect(await Promise.all(answers)).toEqual(NOTES.map(() => true));
    expect(network.opened).toBe(2);
    expect(await objectOf(user).notes()).toEqual(NOTES);
    expect(client.getState().queue).toEqual([]);
  },
);

test("Y8 what was handled before the link broke is not handled again, and a refusal stands, after an eviction too", async () => {
  const user = "handled once";
  const { network, client } = await liveClient(user);
  network.cut = (frame) => (dataOf(frame) === "once" ? "after" : undefined);
  const goUp = network.goDown();
  const refused = client.emit("fail", "refused");
  const sent = client.emit("note", "once");
  await vi.waitFor(async () => expect(await objectOf(user).notes()).toEqual(["once"]));
  await evictDurableObject(objectOf(user));
  const again: unknown[] = [];
  network.cut = (frame) => void again.push(dataOf(frame));
  goUp();
  expect(await sent).toBe(true);
  await expect(refused).rejects.toMatchObject({ code: "forbidden", message: "refused" });
  expect(again).toEqual([undefined, "refused", "once"]);
  expect(await objectOf(user).notes()).toEqual(["once"]);
});

test("Y8 an eviction on a link that stays open loses and repeats nothing", async () => {
  const user = "evicted";
  const { network, client } = await liveClient(user);
  for (const text of NOTES) {
    expect(await client.emit("note", text)).toBe(true);
    await evictDurableObject(objectOf(user));
  }
  expect(network.opened).toBe(1);
  expect(await objectOf(user).notes()).toEqual(NOTES);
});

test("Y8 what is emitted before there is a connection waits, bounded and in order", async () => {
  const user = "offline";
  const { client } = clientOf(user, { queueLimit: 3 });
  const answers = NOTES.map((text) => client.emit("note", text).catch(String));
  expect(await Promise.all(answers.slice(3))).toEqual([
    "PerdureError: 3 events wait for an answer: try again later.",
    "PerdureError: 3 events wait for an answer: try again later.",
  ]);
  expect(client.getState().queue.map(({ data }) => data)).toEqual(["one", "two", "three"]);
  client.connect();
  expect(await Promise.all(answers.slice(0, 3))).toEqual([true, true, true]);
  expect(await objectOf(user).notes()).toEqual(["one", "two", "three"]);
});

test("Y8 a client that comes back under its name goes on after its last number", async () => {
  const user = "known";
  const first = await liveClient(user, { clientId: "tab" });
  await first.client.emit("note", "one");
  first.client.close();
  const second = await liveClient(user, { clientId: "tab" });
  await second.client.emit("note", "two");
  expect(await objectOf(user).notes()).toEqual(["one", "two"]);
});

test("Y10 a volatile event is handled where there is a connection, and gone where there is none", async () => {
  const user = "volatile";
  const { network, client } = await liveClient(user);
  expect(await client.emit("move", 1, { volatile: true })).toBe(true);
  const goUp = network.goDown();
  network.break();
  expect(await client.emit("move", 2, { volatile: true })).toBe(false);
  goUp();
  await client.emit("move", 3);
  expect(await objectOf(user).notes()).toEqual(["moved 1", "moved 3"]);
});

/** What a client hears of notes, from here on. */
function heardBy(client: ConnectionClient<typeof contract>): string[] {
  const heard: string[] = [];
  client.on("noted", (text) => heard.push(text));
  client.onMissed(() => heard.push("missed"));
  return heard;
}

test.each([true, false])(
  "Y11 a client that was away gets what it missed, in order and once (the object is told: %s)",
  async (isTold) => {
    const user = `away ${isTold}`;
    const away = await liveClient(user);
    const here = await liveClient(user);
    const heard = heardBy(away.client);
    away.network.isTold = isTold;
    await here.client.emit("note", "one");
    await vi.waitFor(() => expect(heard).toEqual(["one"]));
    const goUp = away.network.goDown();
    away.network.break();
    await here.client.emit("note", "two");
    await here.client.emit("note", "three");
    goUp();
    await isLive(away.client);
    await here.client.emit("note", "four");
    await vi.waitFor(() => expect(heard).toEqual(["one", "two", "three", "four"]));
    expect(away.client.getState().missed).toBe(0);
  },
);

test("Y12 a client that was away while the object lost its memory is told that it may have missed something", async () => {
  const user = "forgotten";
  const away = await liveClient(user);
  const here = await liveClient(user);
  const heard = heardBy(away.client);
  const goUp = away.network.goDown();
  away.network.break();
  await here.client.emit("note", "one");
  await evictDurableObject(objectOf(user));
  goUp();
  await isLive(away.client);
  await here.client.emit("note", "two");
  await vi.waitFor(() => expect(heard).toEqual(["missed", "two"]));
  expect(away.client.getState().missed).toBe(1);
});

test.each([
  ["a field called type", { type: "x", t: "ack", n: 1, data: { type: "y" } }],
  ["a list", [1, [2], { three: 3 }]],
  ["a number", 0],
  ["an empty text", ""],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["bytes", new Uint8Array([1, 2, 255])],
  ["a buffer", new Uint8Array([1, 2]).buffer],
  ["floats", new Float64Array([0.1, Number.NaN])],
  ["a view on a part", new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1)],
  ["no bytes", new Uint8Array()],
])("Y1 Y2 data goes there and back as it was sent: %s", async (kind, data) => {
  const { client } = await liveClient(`echo ${kind}`);
  const echo = Promise.withResolvers<unknown>();
  client.once("echo", echo.resolve);
  await client.emit("echo", data);
  const arrived = await echo.promise;
  expect(Object.prototype.toString.call(arrived)).toBe(Object.prototype.toString.call(data));
  expect(arrived).toEqual(data);
});

test("Y5 both ends make of data what its schema says", async () => {
  const user = "schemas";
  const { client } = await liveClient(user);
  const rare = Promise.withResolvers<unknown>();
  client.once("rare", rare.resolve);
  await client.emit("note", "  trimmed  ");
  await client.emit("rare", { text: "loud" });
  expect(await objectOf(user).notes()).toEqual(["trimmed"]);
  expect(await rare.promise).toEqual({ text: "LOUD" });
});

test("Y5 what does not fit is refused by the object, whatever its client checks", async () => {
  const user = "careless";
  const network = new Network(clientRoutes);
  const client = new ConnectionClient({ url: URL, token: user, WebSocket: network.WebSocket });
  onTestFinished(() => client.close());
  client.connect();
  await expect(client.emit("note", 1)).rejects.toMatchObject({
    code: "bad_request",
    extra: { issues: [{ path: [] }] },
  });
  await expect(client.emit("noted", "x")).rejects.toMatchObject({ code: "bad_request" });
  // The object may not send this either.
  await expect(client.emit("rare", { text: 1 })).rejects.toMatchObject({ code: "bad_request" });
  expect(await client.emit("note", "fits")).toBe(true);
  expect(await objectOf(user).notes()).toEqual(["fits"]);
});

test.each([
  ["", 401, "unauthorized"],
  ["mallory", 403, "forbidden"],
])("Y13 who is refused is told why, and does not come again: %s", async (token, status, code) => {
  const asked: number[] = [];
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    const response = await clientRoutes(new Request(url, init), env);
    asked.push(response.status);
    return response;
  });
  const network = new Network(clientRoutes);
  const client = new ConnectionClient({
    url: URL,
    ...(token === "" ? {} : { token }),
    WebSocket: network.WebSocket,
  });
  onTestFinished(() => client.close());
  client.connect();
  await expect(client.emit("note", "one")).rejects.toMatchObject({ code });
  expect(client.getState()).toMatchObject({ link: "closed", problem: { code }, queue: [] });
  expect([asked, network.opened]).toEqual([[status], 0]);
});

test("J1 a plain request of somebody who may connect is told to upgrade", async () => {
  const headers = { authorization: "Bearer ada" };
  const response = await clientRoutes(new Request(URL, { headers }), env);
  expect(response.status).toBe(426);
});
