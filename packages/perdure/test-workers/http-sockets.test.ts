import { expect, test } from "vitest";
import { ConnectionGate } from "../src/http/index.ts";
import type { Role } from "../src/protocol/index.ts";
import { appOver, bearer, ORIGIN, refusalOf, tokenFor } from "./http-fakes.ts";

const upgrade = async (role: Role = "participant", headers: Record<string, string> = {}) => ({
  headers: { ...(await bearer({ role })), upgrade: "websocket", ...headers },
});

test("an upgrade joins the client to the object's socket", async () => {
  const { send, sessions } = appOver();
  const response = await send("/v1/sessions/s1/ws", await upgrade());
  expect(response.status).toBe(101);
  const received = Promise.withResolvers<unknown>();
  response.webSocket?.accept();
  response.webSocket?.addEventListener("message", ({ data }) => received.resolve(data));
  sessions.sockets[0]?.socket.send("hello");
  expect(await received.promise).toBe("hello");
  response.webSocket?.close();
});

test("a subprotocol carries the token, and the answer selects the other one", async () => {
  const { send, sessions } = appOver();
  const response = await send("/v1/sessions/s1/ws", {
    headers: {
      upgrade: "websocket",
      origin: ORIGIN,
      "sec-websocket-protocol": `perdure, perdure.token.${await tokenFor({ role: "viewer" })}`,
    },
  });
  expect(response.status).toBe(101);
  expect(response.headers.get("sec-websocket-protocol")).toBe("perdure");
  expect(sessions.sockets[0]?.connection.role).toBe("viewer");
});

test("a subprotocol carries a token only to a WebSocket", async () => {
  const { send } = appOver();
  const headers = { "sec-websocket-protocol": `perdure.token.${await tokenFor()}` };
  expect((await send("/v1/sessions/s1", { headers })).status).toBe(401);
});

test("no subprotocol is selected where none was offered", async () => {
  const { send } = appOver();
  const response = await send("/v1/sessions/s1/ws", await upgrade());
  expect(response.headers.get("sec-websocket-protocol")).toBeNull();
});

test("every upgrade from a foreign page is refused, whatever token it has", async () => {
  const { send, sessions } = appOver({ allowedOrigins: ["https://console.example"] });
  const connect = async (origin: string) =>
    (await send("/v1/sessions/s1/ws", await upgrade("participant", { origin }))).status;
  expect(await connect("https://x.example")).toBe(403);
  expect(await connect(ORIGIN)).toBe(101);
  expect(await connect("https://console.example")).toBe(101);
  expect(sessions.sockets.length).toBe(2);
});

test("an upgrade with a cookie and no Origin is refused", async () => {
  const { send } = appOver();
  const headers = { upgrade: "websocket", cookie: `perdure-8787=${await tokenFor()}` };
  const response = await send("/v1/sessions/s1/ws", { headers });
  expect(await refusalOf(response)).toEqual([403, "bad_origin"]);
});

test("a runner and an admin connect as the runner, nobody else", async () => {
  const { send, sessions } = appOver();
  const connect = async (role: Role) =>
    (await send("/v1/sessions/s1/runner", await upgrade(role))).status;
  expect(await connect("runner")).toBe(101);
  expect(await connect("admin")).toBe(101);
  expect(await connect("participant")).toBe(403);
  expect(await connect("viewer")).toBe(403);
  expect(sessions.sockets.map(({ connection: { kind, role } }) => [kind, role])).toEqual([
    ["runner", "runner"],
    ["runner", "runner"],
  ]);
});

test("a runner does not connect as a reader", async () => {
  const { send } = appOver();
  expect((await send("/v1/sessions/s1/ws", await upgrade("runner"))).status).toBe(403);
});

test("a request that is no upgrade is told to be one", async () => {
  const { send } = appOver();
  const response = await send("/v1/sessions/s1/ws", { headers: await bearer() });
  expect(response.headers.get("upgrade")).toBe("websocket");
  expect(await refusalOf(response)).toEqual([426, "upgrade_required"]);
});

test("a session's refusal of a socket is the answer", async () => {
  const { send, sessions } = appOver();
  sessions.problem = { code: "session_not_found", detail: "No such session." };
  const response = await send("/v1/sessions/s1/ws", await upgrade());
  expect(await refusalOf(response)).toEqual([404, "session_not_found"]);
});

test("at the limit a connection is refused and told when to come back", async () => {
  const gate = new ConnectionGate();
  const { send } = appOver({ maxConnections: 2 }, gate);
  gate.report("s1", 1);
  expect((await send("/v1/sessions/s1/ws", await upgrade())).status).toBe(101);
  gate.report("s1", 2);
  const response = await send("/v1/sessions/s2/ws", await upgrade());
  expect(response.headers.get("retry-after")).toBe("5");
  expect(await refusalOf(response)).toEqual([503, "too_many_connections"]);
  gate.report("s1", 0);
  expect((await send("/v1/sessions/s2/ws", await upgrade())).status).toBe(101);
});

test("a server that goes away admits no connection", async () => {
  const gate = new ConnectionGate();
  const { send } = appOver({}, gate);
  gate.refuse();
  for (const init of [
    await upgrade(),
    { headers: { ...(await bearer()), accept: "text/event-stream" } },
  ]) {
    const path = "accept" in init.headers ? "events" : "ws";
    const response = await send(`/v1/sessions/s1/${path}`, init);
    expect(await refusalOf(response)).toEqual([503, "unavailable"]);
  }
});
