import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AuthorizedIdentity, SessionRoutesOptions } from "../src/http/index.ts";
import { sessionRoutes } from "../src/http/index.ts";
import { PerdureError } from "../src/protocol/index.ts";
import { FakeSessions, ORIGIN, post, refusalOf } from "./http-fakes.ts";

interface AppEnv {
  Bindings: { readonly SESSIONS: FakeSessions };
}

type Options = SessionRoutesOptions<AppEnv>;

const ADA: AuthorizedIdentity = { subject: "ada", role: "participant" };

const printed: string[] = [];

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation((...values: unknown[]) => {
    printed.push(values.map(String).join(" "));
  });
});

afterEach(() => {
  printed.length = 0;
  vi.restoreAllMocks();
});

/** A user's app with the routes below `/api`, and a way to send it requests. */
function mounted(authorize: Options["authorize"], options: Partial<Options> = {}) {
  const sessions = new FakeSessions();
  const app = new Hono<AppEnv>()
    .get("/api/before", (c) => c.text("before"))
    .route("/api", sessionRoutes<AppEnv>({ binding: "SESSIONS", authorize, ...options }))
    .get("/api/after", (c) => c.text("after"))
    .notFound((c) => c.text("the app's own", 404));
  const send = async (path: string, init?: RequestInit) =>
    app.fetch(new Request(new URL(path, ORIGIN), init), { SESSIONS: sessions });
  return { send, sessions };
}

test("H31 who asks is decided once a request, for the session and the action, before an object is reached", async () => {
  const authorize = vi.fn<Options["authorize"]>(() => null);
  const { send, sessions } = mounted(authorize);
  const asked = async (path: string, init?: RequestInit) => {
    authorize.mockClear();
    expect(await refusalOf(await send(path, init))).toEqual([401, "unauthorized"]);
    return authorize.mock.calls.map(([, request]) => request);
  };
  expect(await asked("/api/sessions")).toEqual([{ session: null, action: "list" }]);
  expect(await asked("/api/sessions", post({ id: "s1" }, {}))).toEqual([
    { session: null, action: "create" },
  ]);
  expect(await asked("/api/sessions/s1")).toEqual([{ session: "s1", action: "describe" }]);
  expect(await asked("/api/sessions/s1/messages", post({}, {}))).toEqual([
    { session: "s1", action: "prompt" },
  ]);
  expect(await asked("/api/sessions/s1/ws", { headers: { upgrade: "websocket" } })).toEqual([
    { session: "s1", action: "read" },
  ]);
  expect(await asked("/api/sessions/s1/runner", { headers: { upgrade: "websocket" } })).toEqual([
    { session: "s1", action: "run" },
  ]);
  expect(sessions.calls).toEqual([]);
  expect(sessions.sockets).toEqual([]);
});

test("H31 an object gets the identity that the app decided, and sockets its expiry", async () => {
  const { send, sessions } = mounted(async () => ({ ...ADA, expiresAt: 4_000_000_000_000 }));
  expect((await send("/api/sessions/s1")).status).toBe(200);
  expect(sessions.calls[0]).toEqual(["s1", "describe", { ...ADA, expiresAt: 4_000_000_000_000 }]);
  await send("/api/sessions/s1/ws", { headers: { upgrade: "websocket" } });
  expect(sessions.sockets[0]?.connection).toEqual({
    ...ADA,
    kind: "reader",
    expiresAt: 4_000_000_000_000,
  });
});

test("H31 an identity without an expiry never expires", async () => {
  const { send, sessions } = mounted(() => ADA);
  await send("/api/sessions/s1");
  expect(sessions.calls[0]?.[2]).toEqual({ ...ADA, expiresAt: null });
});

test("H32 a role that does not permit the action is refused before an object is reached", async () => {
  const { send, sessions } = mounted(() => ({ ...ADA, role: "viewer" }));
  const prompt = await send("/api/sessions/s1/messages", post({ id: "p1", text: "hi" }, {}));
  expect(await refusalOf(prompt)).toEqual([403, "forbidden"]);
  const runner = await send("/api/sessions/s1/runner", { headers: { upgrade: "websocket" } });
  expect(await refusalOf(runner)).toEqual([403, "forbidden"]);
  expect(sessions.calls).toEqual([]);
});

test.for([
  ["a role that is none", { subject: "ada", role: "king" }],
  ["no subject", { subject: "", role: "viewer" }],
  ["a subject that is too long", { subject: "a".repeat(257), role: "viewer" }],
] as const)("H32 an identity with %s opens nothing, and the log says why", async ([, identity]) => {
  const { send, sessions } = mounted(() => identity as AuthorizedIdentity);
  expect(await refusalOf(await send("/api/sessions/s1"))).toEqual([500, "internal"]);
  expect(sessions.calls).toEqual([]);
  expect(printed.join("\n")).toContain("authorize:");
});

/** What is answered where `authorize` throws. */
const answerTo = (error: Error) =>
  mounted(() => {
    throw error;
  }).send("/api/sessions/s1");

test("H33 what authorize throws is the answer: with its code, as it is, or as internal without its message", async () => {
  const rated = await answerTo(new PerdureError("rate_limited", "Ask again in a minute."));
  expect(await refusalOf(rated)).toEqual([429, "rate_limited"]);
  const own = await answerTo(new HTTPException(402, { message: "Pay first." }));
  expect([own.status, await own.text()]).toEqual([402, "Pay first."]);
  const failed = await answerTo(new Error("the password of the database is 1234"));
  expect(await failed.text()).not.toContain("1234");
  expect(failed.status).toBe(500);
  expect(printed.join("\n")).toContain("perdure: GET /api/sessions/:id");
});

const UPGRADE = { upgrade: "websocket" };
const COOKIE = { cookie: "sid=1" };
const PASSWORD = { authorization: "Basic YTpi" };

test.for([
  ["an upgrade", "GET", UPGRADE],
  ["a cookie", "POST", COOKIE],
  ["a cookie that only reads", "GET", COOKIE],
  ["a password", "POST", PASSWORD],
] as const)("H34 %s from a foreign page is refused", async ([, method, headers]) => {
  const authorize = vi.fn<Options["authorize"]>(() => ADA);
  const { send } = mounted(authorize, { allowedOrigins: () => ["https://app.example"] });
  const path = method === "POST" ? "/api/sessions/s1/cancel" : "/api/sessions/s1/ws";
  const from = async (origin: string) =>
    (await send(path, { method, headers: { ...headers, origin } })).status;
  expect(await from("https://x.example")).toBe(403);
  expect(authorize).not.toHaveBeenCalled();
  expect(await from(ORIGIN)).not.toBe(403);
  expect(await from("https://app.example")).not.toBe(403);
});

test("H34 a cookie that changes something needs an Origin; a bearer token, a password of a program and no credential do not", async () => {
  const { send } = mounted(() => ADA);
  const cancel = async (headers: Record<string, string>) =>
    (await send("/api/sessions/s1/cancel", { method: "POST", headers })).status;
  expect(await cancel(COOKIE)).toBe(403);
  expect(await cancel({ ...COOKIE, ...UPGRADE })).toBe(403);
  expect(await cancel({ ...COOKIE, authorization: "Bearer t" })).toBe(200);
  expect(await cancel(PASSWORD)).toBe(200);
  expect(await cancel({})).toBe(200);
});

test("H35 what is no route below the mount is the app's own, and nobody is asked for it", async () => {
  const authorize = vi.fn<Options["authorize"]>(() => null);
  const { send } = mounted(authorize);
  expect(await (await send("/api/before")).text()).toBe("before");
  expect(await (await send("/api/after")).text()).toBe("after");
  expect(await (await send("/api/nothing")).text()).toBe("the app's own");
  expect(authorize).not.toHaveBeenCalled();
});

test("H35 a method that a path does not have is refused, and HEAD is GET without its body", async () => {
  const { send } = mounted(() => ADA);
  const wrong = await send("/api/sessions/s1/messages", { method: "DELETE" });
  expect(wrong.headers.get("allow")).toBe("GET, POST, HEAD");
  expect(await refusalOf(wrong)).toEqual([405, "method_not_allowed"]);
  const head = await send("/api/sessions/s1", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("H36 without an index there is no list, and with a binding that is missing a sentence in the log", async () => {
  const { send } = mounted(() => ADA);
  expect(await refusalOf(await send("/api/sessions"))).toEqual([404, "not_found"]);
  const app = sessionRoutes<AppEnv>({ binding: "SESSIONS", authorize: () => ADA });
  const response = await app.fetch(new Request(`${ORIGIN}/sessions/s1`), {});
  expect(await refusalOf(response)).toEqual([500, "internal"]);
  expect(printed.join("\n")).toContain("There is no binding SESSIONS");
});
