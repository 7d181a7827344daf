import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import { Auth, createAuth } from "../../src/auth/index.ts";
import { placeOf } from "../../src/auth/placement.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { problemIn } from "../object/socket.ts";

type Env = Cloudflare.Env;

const HTTPS = "https://app.example/";

/** The objects of one test: names of its own before the places. */
function bindingFor(test: string) {
  return ({ AUTH_SESSION }: Env) => ({
    getByName: (name: string) => AUTH_SESSION.getByName(`${test} ${name}`),
  });
}

const authFor = (name: string) => createAuth({ binding: bindingFor(name), objects: 2 });

/** A request with the cookie of a session. */
function withCookie(token: string, init: RequestInit & { readonly origin?: string } = {}): Request {
  const { origin, ...rest } = init;
  return new Request(HTTPS, {
    ...rest,
    headers: {
      cookie: `a=b; __Host-session=${token}`,
      ...(origin === undefined ? {} : { origin }),
    },
  });
}

const partsOf = (cookie = "") => cookie.split("; ").toSorted();

test("Q18 over https the cookie is of this host alone, hidden from scripts, and as old as the session gets", async () => {
  const { token, session, headers } = await authFor("cookie").issue(new Request(HTTPS), env, {
    userId: "ada",
  });
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(session).toMatchObject({ userId: "ada", id: expect.any(String) });
  expect(headers["cache-control"]).toBe("no-store");
  expect(partsOf(headers["set-cookie"])).toEqual(
    [
      "HttpOnly",
      "Max-Age=604800",
      "Path=/",
      "SameSite=Lax",
      "Secure",
      `__Host-session=${token}`,
    ].toSorted(),
  );
});

/** The cookie of a new session, without its token. */
async function cookieWith(url: string, cookie: object) {
  const auth = createAuth({ binding: bindingFor("cookies"), cookie, ttlSeconds: 60 });
  const { headers } = await auth.issue(new Request(url), env, { userId: "ada" });
  return headers["set-cookie"]?.replace(/=[\w-]{43};/, "=T;");
}

test("Q18 without https, with a domain and with another name the cookie says what it may", async () => {
  expect(await cookieWith("http://localhost:8787/", {})).toBe(
    "session=T; Max-Age=60; Path=/; HttpOnly; SameSite=Lax",
  );
  expect(
    await cookieWith(HTTPS, { domain: "app.example", name: "login", sameSite: "Strict" }),
  ).toBe(
    "__Secure-login=T; Max-Age=60; Domain=app.example; Path=/; HttpOnly; Secure; SameSite=Strict",
  );
  expect(await cookieWith("http://behind.proxy/", { secure: true })).toContain("__Host-session=T");
});

test("Q18 a session is read from the cookie, a bearer header or the subprotocol, and outlives evictions", async () => {
  const auth = authFor("read");
  const { token, session } = await auth.issue(new Request(HTTPS), env, { userId: "ada" });
  await evictDurableObject(bindingFor("read")(env).getByName(`auth:${placeOf(token, 2)}`));
  const headers = [
    { cookie: `__Host-session=${token}` },
    { authorization: `Bearer ${token}` },
    {
      upgrade: "websocket",
      origin: "https://app.example",
      "sec-websocket-protocol": `perdure, perdure.token.${token}`,
    },
  ];
  for (const one of headers)
    expect(await auth.read(new Request(HTTPS, { headers: one }), env)).toEqual(session);
  for (const one of [{}, { cookie: `session=${token}` }, { authorization: "Bearer no token" }])
    expect(await auth.read(new Request(HTTPS, { headers: one }), env)).toBeNull();
  const bare = createAuth({ binding: bindingFor("read"), objects: 2, cookie: false });
  expect(await bare.read(withCookie(token), env)).toBeNull();
});

test("Q19 a request that changes something with a cookie needs the origin of a page that may", async () => {
  const auth = createAuth({
    binding: bindingFor("origins"),
    allowedOrigins: () => ["https://admin.example"],
  });
  const { token } = await auth.issue(new Request(HTTPS), env, { userId: "ada" });
  const refused = { code: "bad_origin" };
  for (const origin of [undefined, "https://evil.example", "null"]) {
    const given = { method: "POST", ...(origin === undefined ? {} : { origin }) };
    await expect(auth.read(withCookie(token, given), env)).rejects.toMatchObject(refused);
    for (const method of ["POST", "GET"]) {
      const request = withCookie(token, { ...given, method });
      await expect(auth.signOut(request, env)).rejects.toMatchObject(refused);
      await expect(auth.signOutEverywhere(request, env)).rejects.toMatchObject(refused);
      await expect(auth.rotate(request, env)).rejects.toMatchObject(refused);
    }
  }
  for (const origin of ["https://app.example", "https://admin.example"])
    expect(await auth.read(withCookie(token, { method: "POST", origin }), env)).not.toBeNull();
  expect(await auth.read(withCookie(token), env)).not.toBeNull();
  const headers = { authorization: `Bearer ${token}` };
  expect(await auth.read(new Request(HTTPS, { method: "POST", headers }), env)).not.toBeNull();
});

test("Q19 a foreign page logs nobody in", async () => {
  const headers = { origin: "https://evil.example" };
  const request = new Request(HTTPS, { method: "POST", headers });
  await expect(authFor("login csrf").issue(request, env, { userId: "eve" })).rejects.toMatchObject({
    code: "bad_origin",
  });
});

test("Q20 a session slides after an eighth of its time, and no request before that writes", async () => {
  const clock = new FakeClock();
  clock.advance(Date.now() - clock.now());
  const auth = new Auth({ binding: bindingFor("slides"), objects: 1, ttlSeconds: 800 }, clock);
  const { token, session } = await auth.issue(new Request(HTTPS), env, { userId: "ada" });
  const written = () =>
    runInDurableObject(bindingFor("slides")(env).getByName("auth:0"), (_object, { storage }) => [
      ...storage.sql.exec("SELECT total_changes() AS changes, * FROM auth_sessions").toArray(),
    ]);
  const before = await written();
  clock.advance(99_000);
  for (let n = 0; n < 5; n += 1)
    expect(await auth.refresh(withCookie(token), env)).toEqual({ session, headers: {} });
  expect(await written()).toEqual(before);
  clock.advance(2_000);
  const slid = await auth.refresh(withCookie(token), env);
  expect(slid?.headers["set-cookie"]).toContain("Max-Age=800");
  expect(slid?.session).toMatchObject({ id: session.id, createdAt: session.createdAt });
  const headers = { authorization: `Bearer ${token}` };
  const bearer = await auth.refresh(new Request(HTTPS, { headers }), env);
  expect(bearer?.headers).toEqual({});
  expect(await auth.refresh(withCookie(`${token.slice(1)}x`), env)).toBeNull();
});

test("Q9 after a rotation the session has a new cookie, and the old one is worth nothing", async () => {
  const auth = authFor("rotates");
  const { token, session } = await auth.issue(new Request(HTTPS), env, { userId: "ada" });
  const origin = "https://app.example";
  const rotated = await auth.rotate(withCookie(token, { method: "POST", origin }), env);
  expect(rotated?.session).toEqual(session);
  expect(rotated?.headers["set-cookie"]).toContain(`__Host-session=${rotated?.token}`);
  expect(await auth.read(withCookie(token), env)).toBeNull();
  expect(await auth.read(withCookie(rotated?.token ?? ""), env)).toEqual(session);
});

test("Q10 a user signs out here, of one session of a list, or everywhere, and the app hears of it", async () => {
  const ended: unknown[] = [];
  const auth = createAuth({
    binding: bindingFor("signs out"),
    onRevoke: (one) => void ended.push(one),
  });
  const issue = () => auth.issue(new Request(HTTPS), env, { userId: "ada" });
  const [here, phone, laptop] = [await issue(), await issue(), await issue()];
  expect(await auth.list(env, "ada")).toHaveLength(3);
  const origin = "https://app.example";
  const out = await auth.signOut(withCookie(here.token, { method: "POST", origin }), env);
  expect(out.session).toEqual(here.session);
  expect(out.headers["set-cookie"]).toMatch(
    /^__Host-session=; Max-Age=0; Path=\/; HttpOnly; Secure/,
  );
  expect(await auth.read(withCookie(here.token), env)).toBeNull();
  const again = await auth.signOut(withCookie(here.token, { method: "POST", origin }), env);
  expect(again.session).toBeNull();
  expect(await auth.revoke(env, "ada", phone.session.id)).toBe(true);
  expect(await auth.revoke(env, "bob", laptop.session.id)).toBe(false);
  const request = withCookie(laptop.token, { method: "POST", origin });
  expect((await auth.signOutEverywhere(request, env)).session).toEqual(laptop.session);
  expect(await auth.list(env, "ada")).toEqual([]);
  expect(ended).toEqual([
    { userId: "ada", id: here.session.id },
    { userId: "ada", id: phone.session.id },
    { userId: "ada", id: null },
  ]);
});

test("Q15 from 8 objects to 32 every login is still good, over evictions", async () => {
  const binding = bindingFor("moves");
  const before = createAuth({ binding, objects: 8 });
  const issued = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      before.issue(new Request(HTTPS), env, { userId: `u${n}` }),
    ),
  );
  for (let place = 0; place < 8; place += 1)
    await evictDurableObject(binding(env).getByName(`auth:${place}`));
  const after = createAuth({ binding, objects: 32, earlier: [8] });
  for (const { token, session } of issued)
    expect(await after.read(withCookie(token), env)).toEqual(session);
  const alone = createAuth({ binding, objects: 32 });
  for (const { token, session } of issued)
    expect(await alone.read(withCookie(token), env)).toEqual(session);
  expect(await after.list(env, "u1")).toHaveLength(1);
});

test("the middleware of Hono knows who asks, refuses nobody, and slides the cookie with the answer", async () => {
  const clock = new FakeClock();
  clock.advance(Date.now() - clock.now());
  const auth = new Auth({ binding: bindingFor("hono"), ttlSeconds: 800 }, clock);
  const app = new Hono<{ Bindings: Env }>()
    .get("/me", auth.middleware(), (c) => c.json(c.var.session.userId))
    .get("/maybe", auth.middleware({ optional: true }), (c) =>
      c.json(c.var.session?.userId ?? null),
    )
    .post("/out", auth.middleware(), async (c) => {
      const { headers } = await auth.signOut(c.req.raw, c.env);
      return c.body(null, 204, headers);
    });
  const { token } = await auth.issue(new Request(HTTPS), env, { userId: "ada" });
  const ask = (path: string, init: RequestInit = {}) =>
    app.request(new URL(path, HTTPS).href, init, env);
  const headers = { cookie: `__Host-session=${token}`, origin: "https://app.example" };
  expect(await (await ask("/me", { headers })).json()).toBe("ada");
  const nobody = await ask("/me");
  expect(nobody.headers.get("www-authenticate")).toBe("Bearer");
  expect(await problemIn(nobody)).toEqual([401, "unauthorized"]);
  expect(await (await ask("/maybe")).json()).toBeNull();
  clock.advance(101_000);
  const slid = await ask("/me", { headers });
  expect(slid.headers.getSetCookie()).toEqual([expect.stringContaining("Max-Age=800")]);
  clock.advance(101_000);
  const foreign = { ...headers, origin: "https://evil.example" };
  expect(await problemIn(await ask("/out", { method: "POST", headers: foreign }))).toEqual([
    403,
    "bad_origin",
  ]);
  const out = await ask("/out", { method: "POST", headers });
  expect(out.headers.getSetCookie()).toEqual([expect.stringContaining("Max-Age=0")]);
  expect((await ask("/me", { headers })).status).toBe(401);
});

test("a Worker without Hono is told who asks, and what it throws is a problem", async () => {
  const auth = authFor("plain");
  const { token } = await auth.issue(new Request(HTTPS), env, { userId: "ada" });
  const hello = auth.handler((_request, _env, session) => new Response(session.userId));
  expect(await (await hello(withCookie(token), env, {})).text()).toBe("ada");
  expect(await problemIn(await hello(new Request(HTTPS), env, {}))).toEqual([401, "unauthorized"]);
  const maybe = auth.handler((_request, _env, session) => Response.json(session), {
    optional: true,
  });
  expect(await (await maybe(new Request(HTTPS), env, {})).json()).toBeNull();
  const fault = auth.handler(() => {
    throw new Error("a secret of the server's");
  });
  const told = vi.spyOn(console, "error").mockReturnValue();
  const response = await fault(withCookie(token), env, {});
  expect(told).toHaveBeenCalledOnce();
  told.mockRestore();
  expect(await problemIn(response)).toEqual([500, "internal"]);
});
