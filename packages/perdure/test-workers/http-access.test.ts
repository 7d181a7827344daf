import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { appOver, bearer, ORIGIN, post, refusalOf, tokenFor } from "./http-fakes.ts";

const printed: string[] = [];

beforeEach(() => {
  for (const level of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, level).mockImplementation((...values: unknown[]) => {
      printed.push(values.map(String).join(" "));
    });
});

afterEach(() => {
  printed.length = 0;
  vi.restoreAllMocks();
});

test("health needs no token", async () => {
  const response = await appOver().send("/health");
  expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
});

test("a request without a token reaches no object", async () => {
  const { send, sessions } = appOver();
  const response = await send("/v1/sessions/s1");
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
  expect(await refusalOf(response)).toEqual([401, "unauthorized"]);
  expect(sessions.calls).toEqual([]);
});

test("an error is a problem document with a stable code", async () => {
  const response = await appOver().send("/v1/sessions/s1");
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({
    type: "urn:perdure:error:unauthorized",
    title: "unauthorized",
    status: 401,
    code: "unauthorized",
    detail: expect.stringContaining("log in") as string,
  });
});

test("a bad token is refused, and neither the answer nor the log repeats it", async () => {
  const { send } = appOver();
  const token = `${await tokenFor()}x`;
  const response = await send("/v1/sessions/s1", { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  expect(response.status).toBe(401);
  expect(body + printed.join("\n")).not.toContain(token.slice(-20));
});

test("a token in the query string is no token", async () => {
  const { send } = appOver();
  const response = await send(`/v1/sessions/s1?token=${await tokenFor()}&access_token=x`);
  expect(await refusalOf(response)).toEqual([401, "unauthorized"]);
});

test("a token for one session opens that session and nothing else", async () => {
  const { send } = appOver();
  const headers = await bearer({ session: "s1", role: "admin" });
  const statusOf = async (path: string, init?: RequestInit) =>
    (await send(path, init ?? { headers })).status;
  expect(await statusOf("/v1/sessions/s1")).toBe(200);
  expect(await statusOf("/v1/sessions/s2")).toBe(403);
  expect(await statusOf("/v1/sessions")).toBe(403);
  expect(await statusOf("/v1/sessions", post({ id: "s1" }, headers))).toBe(403);
  expect(await statusOf("/v1/tokens", post({ session: "s1", role: "viewer" }, headers))).toBe(403);
});

test("a role that does not permit an action is refused before the object is reached", async () => {
  const { send, sessions } = appOver();
  const prompt = post({ id: "p1", text: "hi" }, await bearer({ role: "viewer" }));
  const response = await send("/v1/sessions/s1/messages", prompt);
  expect(await refusalOf(response)).toEqual([403, "forbidden"]);
  expect(sessions.calls).toEqual([]);
});

test("a runner may see what its session is and read nothing of it", async () => {
  const { send } = appOver();
  const headers = await bearer({ role: "runner" });
  expect((await send("/v1/sessions/s1", { headers })).status).toBe(200);
  expect((await send("/v1/sessions/s1/messages", { headers })).status).toBe(403);
  expect((await send("/v1/sessions/s1/events", { headers })).status).toBe(403);
});

test("a cookie changes something only for a page of the server's own or an allowed origin", async () => {
  const { send } = appOver({ allowedOrigins: ["https://console.example"] });
  const cookie = `perdure-8787=${await tokenFor()}`;
  const cancelFrom = async (origin?: string) => {
    const headers: Record<string, string> = origin === undefined ? { cookie } : { cookie, origin };
    return (await send("/v1/sessions/s1/cancel", { method: "POST", headers })).status;
  };
  expect(await cancelFrom(ORIGIN)).toBe(200);
  expect(await cancelFrom("https://console.example")).toBe(200);
  expect(await cancelFrom("http://127.0.0.1:9999")).toBe(403);
  expect(await cancelFrom("null")).toBe(403);
  expect(await cancelFrom()).toBe(403);
});

test("a cookie reads without an Origin, but not for a page of a foreign one", async () => {
  const { send } = appOver();
  const cookie = `perdure-8787=${await tokenFor()}`;
  expect((await send("/v1/sessions/s1", { headers: { cookie } })).status).toBe(200);
  const response = await send("/v1/sessions/s1", {
    headers: { cookie, origin: "https://x.example" },
  });
  expect(await refusalOf(response)).toEqual([403, "bad_origin"]);
});

test("another server's cookie on the same host is not read", async () => {
  const { send } = appOver();
  const headers = { cookie: `perdure-9999=${await tokenFor()}` };
  expect((await send("/v1/sessions/s1", { headers })).status).toBe(401);
});

test("a bearer token needs no Origin", async () => {
  const { send } = appOver();
  const response = await send("/v1/sessions/s1/cancel", {
    method: "POST",
    headers: await bearer(),
  });
  expect(response.status).toBe(200);
});

test("a page of an allowed origin may call the routes, and another's may not", async () => {
  const { send } = appOver({ allowedOrigins: ["https://console.example"] });
  const preflight = async (origin: string) =>
    send("/v1/sessions", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
  const allowed = await preflight("https://console.example");
  expect(allowed.headers.get("access-control-allow-origin")).toBe("https://console.example");
  const foreign = await preflight("https://x.example");
  expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
});

test("a host name that is not on the list is refused, whatever the path", async () => {
  const { send } = appOver({ allowedHosts: ["127.0.0.1:8787", "localhost"] });
  for (const path of ["/health", "/v1/sessions", "/", "/login?token=x"])
    expect(await refusalOf(await send(`http://evil.example:8787${path}`))).toEqual([
      403,
      "bad_host",
    ]);
  expect((await send("http://127.0.0.1:8787/health")).status).toBe(200);
  expect((await send("http://localhost:1234/health")).status).toBe(200);
  expect((await send("http://127.0.0.1:1/health")).status).toBe(403);
});

test("a failure of the server is logged without the URL and answered without its message", async () => {
  const { app } = appOver();
  const response = await app.fetch(
    new Request(`${ORIGIN}/login?token=very-secret`),
    // Without settings, the first look at them fails.
    undefined,
  );
  const body = await response.text();
  expect(response.status).toBe(500);
  expect(JSON.parse(body)).toMatchObject({ code: "internal" });
  expect(printed.join("\n")).toContain("perdure: GET /login");
  expect(body + printed.join("\n")).not.toContain("very-secret");
});

test("the objects get who it is, and no header of the client's", async () => {
  const { send, sessions } = appOver();
  await send("/v1/sessions/s1/ws", {
    headers: {
      ...(await bearer({ role: "viewer" })),
      upgrade: "websocket",
      "x-perdure-connection": "%7B%22role%22%3A%22admin%22%7D",
      "x-other": "1",
    },
  });
  expect(sessions.sockets[0]?.connection).toMatchObject({
    kind: "reader",
    role: "viewer",
    subject: "ada",
    expiresAt: expect.any(Number) as number,
  });
  expect([...sessions.headers.keys()].toSorted()).toEqual(["upgrade", "x-perdure-connection"]);
});
