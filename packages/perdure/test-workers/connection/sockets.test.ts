import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { Connection } from "../../src/object/index.ts";
import { upgradeRequest } from "../../src/object/index.ts";
import { TEST_READER, TestSocket } from "../../src/testing/index.ts";
import { problemIn } from "../object/socket.ts";
import { journalOf } from "../objects/user-do.ts";
import { connectionOf, emit, nextEvent, openUser } from "./user-socket.ts";

/** An upgrade as a client sends it. */
function rawUpgrade(path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(`https://app.example${path}`, {
    headers: { upgrade: "websocket", ...headers },
  });
}

test("E30 closing one socket touches no other, and all share the state", async () => {
  const [first, second, third] = [
    await openUser("several"),
    await openUser("several"),
    await openUser("several"),
  ];
  emit(first, "add", 1);
  await nextEvent(first, "count");
  first.close();
  await vi.waitFor(() => expect(journalOf("several")).toContain("disconnect 1"));
  emit(second, "add", 1);
  expect(await nextEvent(second, "count")).toBe(2);
  emit(third, "add", 1);
  expect(await nextEvent(third, "count")).toBe(3);
});

test("E31 an upgrade for another user, of another kind, or to an object without a name is forbidden", async () => {
  const connection: Connection = { ...TEST_READER, ...connectionOf("ada") };
  const asked: readonly [Pick<Fetcher, "fetch">, Connection][] = [
    [env.USER.getByName("bob"), connection],
    [env.USER.getByName("ada"), { ...connection, subject: "bob" }],
    [env.USER.getByName("ada"), { ...connection, kind: "reader" }],
    [env.USER.getByName("ada"), { ...connection, meta: { userId: "ada" } }],
    [env.USER.get(env.USER.newUniqueId()), connection],
  ];
  for (const [stub, one] of asked)
    expect(await problemIn(await stub.fetch(upgradeRequest(one)))).toEqual([403, "forbidden"]);
});

test("E32 a client's own upgrade is asked for its meta by the object itself", async () => {
  const stub = env.USER.get(env.USER.idFromName("raw"));
  const { webSocket, status } = await stub.fetch(rawUpgrade("/ws", { "x-user": "raw" }));
  expect(status).toBe(101);
  if (webSocket === null) throw new Error("There is no socket.");
  const socket = new TestSocket(webSocket) as Awaited<ReturnType<typeof openUser>>;
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject({
    meta: { userId: "raw", clientId: "raw", channels: ["raw"] },
  });
});

test.for([
  { why: "another path", path: "/other", headers: { "x-user": "raw" }, answer: [404, "not_found"] },
  { why: "another user", path: "/ws", headers: { "x-user": "bob" }, answer: [403, "forbidden"] },
  { why: "nobody", path: "/ws", headers: {}, answer: [401, "unauthorized"] },
  {
    why: "another site's page",
    path: "/ws",
    headers: { "x-user": "raw", origin: "https://evil.example" },
    answer: [403, "bad_origin"],
  },
])("E32 it is refused before the upgrade: $why", async ({ path, headers, answer }) => {
  const response = await env.USER.getByName("raw").fetch(rawUpgrade(path, headers));
  expect(await problemIn(response)).toEqual(answer);
});

test("E32 a request for the socket's path that is no upgrade is told so", async () => {
  const response = await env.USER.getByName("raw").fetch("https://app.example/ws");
  expect(await problemIn(response)).toEqual([426, "upgrade_required"]);
});

test.for([
  { name: "refused", status: 429, text: "Not so often." },
  { name: "broken", status: 401, text: "log in" },
  { name: "elsewhere", status: 418, text: "elsewhere" },
])("E33 what extractMeta throws or answers instead is the answer: $name", async (given) => {
  const { name, status, text } = given;
  const response = await env.USER.getByName(name).fetch(rawUpgrade("/ws", { "x-user": name }));
  expect(response.status).toBe(status);
  const body = await response.text();
  expect(body).toContain(text);
  expect(body).not.toContain("secret");
});

test("E34 the limits of frames may be set, and after an expiry nothing is sent", async () => {
  const limited = new TestSocket(await openLimited("limited", { expiresAt: null })) as Awaited<
    ReturnType<typeof openUser>
  >;
  for (let count = 0; count < 4; count += 1) emit(limited, "anything");
  expect(await limited.closed).toMatchObject({ code: 4429 });
  const expiresAt = Date.now() + 60_000;
  const expiring = new TestSocket(await openLimited("expiring", { expiresAt }));
  vi.spyOn(Date, "now").mockReturnValue(expiresAt + 1);
  expect(await env.LIMITED_USER.getByName("expiring").send('{"t":"event","event":"x"}')).toBe(0);
  vi.restoreAllMocks();
  expect(await expiring.closed).toMatchObject({ code: 4401 });
  expect(expiring.texts).toEqual([]);
});

async function openLimited(userId: string, change: Partial<Connection>): Promise<WebSocket> {
  const request = upgradeRequest({ ...TEST_READER, ...connectionOf(userId), ...change });
  const { webSocket } = await env.LIMITED_USER.getByName(userId).fetch(request);
  if (webSocket === null) throw new Error("There is no socket.");
  return webSocket;
}
