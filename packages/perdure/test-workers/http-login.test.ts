import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { verifyToken } from "../src/auth/index.ts";
import { createApp } from "../src/http/index.ts";
import { appOver, bearer, ORIGIN, post, refusalOf, SECRET, tokenFor } from "./http-fakes.ts";

/** What `perdure serve` prints in its URL. */
const loginToken = () =>
  new SignJWT({ sub: "owner", aud: "perdure:login", exp: Math.floor(Date.now() / 1000) + 60 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(SECRET));

test("H18 a login token becomes a login of an admin with a cookie, and the URL leaves no trace", async () => {
  const { send } = appOver();
  const response = await send(`/login?token=${await loginToken()}`);
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const [pair = "", ...attributes] = (response.headers.get("set-cookie") ?? "").split("; ");
  expect(attributes.toSorted()).toEqual(["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"]);
  expect(pair).toMatch(/^perdure-8787=[\w-]{43}$/);
  expect((await send("/v1/sessions", { headers: { cookie: pair } })).status).toBe(200);
});

test("over https the cookie is secure", async () => {
  const { send } = appOver();
  const response = await send(`https://perdure.example/login?token=${await loginToken()}`);
  expect(response.headers.get("set-cookie")).toMatch(/^__Host-perdure-443=.*; Secure/);
});

test("a login goes on to a path of this server", async () => {
  const { send } = appOver();
  const response = await send(`/login?token=${await loginToken()}&next=/s/1%3Fa=b%23c`);
  expect(response.headers.get("location")).toBe("/s/1?a=b#c");
});

test.for([
  "https://evil.example/",
  "//evil.example/",
  "/\\evil.example/",
  "/\t/evil.example/",
  "/.//evil.example/",
  "/a/..//evil.example/",
  "javascript:alert(1)",
])("a login does not lead to %j", async (next) => {
  const { send } = appOver();
  const query = new URLSearchParams({ token: await loginToken(), next });
  const response = await send(`/login?${query.toString()}`);
  expect(response.headers.get("set-cookie")).toBeNull();
  expect(await refusalOf(response)).toEqual([400, "bad_request"]);
});

test("a token for sessions is no login token, and a login token opens no session", async () => {
  const { send } = appOver();
  const login = await send(`/login?token=${await tokenFor({ role: "admin" })}`);
  expect(await refusalOf(login)).toEqual([401, "unauthorized"]);
  const headers = { authorization: `Bearer ${await loginToken()}` };
  expect((await send("/v1/sessions", { headers })).status).toBe(401);
});

/** Logs in, and answers the header with the cookie. */
async function loggedIn() {
  const response = await appOver().send(`/login?token=${await loginToken()}`);
  return { cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

const logout = async (headers: Record<string, string>, path = "/logout") =>
  appOver().send(path, { method: "POST", headers: { origin: ORIGIN, ...headers } });

const list = async (headers: Record<string, string>) =>
  (await appOver().send("/v1/sessions", { headers })).status;

test("H47 a logout ends the login of the cookie, and no other; a copy of the cookie opens nothing", async () => {
  const [one, other] = [await loggedIn(), await loggedIn()];
  expect([await list(one), await list(other)]).toEqual([200, 200]);
  expect((await logout(one)).status).toBe(204);
  expect([await list(one), await list(other)]).toEqual([401, 200]);
});

test("H47 a logout everywhere ends all logins of whoever asks", async () => {
  const [one, other] = [await loggedIn(), await loggedIn()];
  expect((await logout(one, "/logout?everywhere")).status).toBe(204);
  expect([await list(one), await list(other)]).toEqual([401, 401]);
  expect((await logout(one, "/logout?everywhere")).status).toBe(204);
});

test("H46 a login outlives its object's memory, and what is no login of this server opens nothing", async () => {
  const cookie = await loggedIn();
  for (let n = 0; n < 16; n += 1) await evictDurableObject(env.LOGINS.getByName(`auth:${n}`));
  expect(await list(cookie)).toBe(200);
  for (const token of ["x", "A".repeat(43), "a.b.c"])
    expect(await list({ cookie: `perdure-8787=${token}` })).toBe(401);
});

test("H46 without logins nobody logs in or joins, and tokens open what they say", async () => {
  const app = createApp({
    sessions: () => env.SESSION_DO,
    index: () => env.SESSION_INDEX,
    secrets: () => SECRET,
  });
  const ask = async (path: string, init?: RequestInit) => app.request(`${ORIGIN}${path}`, init);
  for (const path of [`/login?token=${await loginToken()}`, "/join?token=a.b.c"])
    expect(await refusalOf(await ask(path))).toEqual([404, "not_found"]);
  expect(await refusalOf(await ask("/logout", { method: "POST" }))).toEqual([404, "not_found"]);
  expect((await ask("/v1/sessions", { headers: await bearer() })).status).toBe(200);
  const cookie = { cookie: `perdure-8787=${"A".repeat(43)}` };
  expect(await refusalOf(await ask("/v1/sessions", { headers: cookie }))).toEqual([
    401,
    "unauthorized",
  ]);
});

test("a logout takes the cookie back, for a page of the server's own only", async () => {
  const { send } = appOver();
  const cookie = `perdure-8787=${await tokenFor()}`;
  const foreign = await send("/logout", {
    method: "POST",
    headers: { cookie, origin: "https://x.example" },
  });
  expect(await refusalOf(foreign)).toEqual([403, "bad_origin"]);
  const own = await send("/logout", { method: "POST", headers: { cookie, origin: ORIGIN } });
  expect(own.status).toBe(204);
  expect(own.headers.get("set-cookie")).toMatch(/^perdure-8787=; Max-Age=0; Path=\//);
});

test("an admin mints a token for one session and role, for at most thirty days", async () => {
  const { send } = appOver();
  const headers = await bearer({ role: "admin" });
  const mint = async (body: unknown) => send("/v1/tokens", post(body, headers));
  const response = await mint({ session: "s1", role: "runner", expiresInSeconds: 3_600 });
  expect(response.status).toBe(201);
  const minted = await response.json<{ token: string; expiresAt: number }>();
  expect(await verifyToken(SECRET, minted.token)).toMatchObject({
    subject: "ada",
    session: "s1",
    role: "runner",
    expiresAt: minted.expiresAt,
  });
  for (const body of [
    { session: "s1", role: "runner", expiresInSeconds: 2_592_001 },
    { session: "s1", role: "runner", expiresInSeconds: null },
    { session: "s1", role: "root" },
    { session: "a b", role: "viewer" },
    { role: "viewer" },
  ])
    expect(await refusalOf(await mint(body))).toEqual([400, "bad_request"]);
});

test("nobody but an admin mints tokens", async () => {
  const { send } = appOver();
  for (const role of ["viewer", "participant", "runner"] as const) {
    const body = post({ session: "s1", role: "viewer" }, await bearer({ role }));
    expect(await refusalOf(await send("/v1/tokens", body))).toEqual([403, "forbidden"]);
  }
});
