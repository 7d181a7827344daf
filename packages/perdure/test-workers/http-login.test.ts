import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { verifyToken } from "../src/auth/index.ts";
import { appOver, bearer, ORIGIN, post, refusalOf, SECRET, tokenFor } from "./http-fakes.ts";

/** What `perdure serve` prints in its URL. */
const loginToken = () =>
  new SignJWT({ sub: "owner", aud: "perdure:login", exp: Math.floor(Date.now() / 1000) + 60 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(SECRET));

test("a login token becomes a cookie of an admin, and the URL leaves no trace", async () => {
  const { send } = appOver();
  const response = await send(`/login?token=${await loginToken()}`);
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const [pair = "", ...attributes] = (response.headers.get("set-cookie") ?? "").split("; ");
  expect(attributes.toSorted()).toEqual(["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"]);
  const [name, token = ""] = pair.split("=");
  expect(name).toBe("perdure-8787");
  expect(await verifyToken(SECRET, token)).toMatchObject({
    subject: "owner",
    session: "*",
    role: "admin",
  });
  expect((await send("/v1/sessions", { headers: { cookie: pair } })).status).toBe(200);
});

test("over https the cookie is secure", async () => {
  const { send } = appOver();
  const response = await send(`https://perdure.example/login?token=${await loginToken()}`);
  expect(response.headers.get("set-cookie")).toMatch(/^perdure-443=.*; Secure/);
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
