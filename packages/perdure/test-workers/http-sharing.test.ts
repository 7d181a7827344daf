import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { TokenRequest } from "../src/auth/index.ts";
import { signInvitation, signLoginToken, verifyToken } from "../src/auth/index.ts";
import { createApp, sessionRoutes } from "../src/http/index.ts";
import { appOver, bearer, ORIGIN, post, refusalOf, SECRET, tokenFor } from "./http-fakes.ts";

const app = createApp<typeof env>({
  sessions: ({ SESSION_DO }) => SESSION_DO,
  index: ({ SESSION_INDEX }) => SESSION_INDEX,
  logins: ({ LOGINS }) => LOGINS,
  secrets: () => SECRET,
});

const send = async (path: string, init?: RequestInit): Promise<Response> =>
  app.fetch(new Request(new URL(path, ORIGIN), { redirect: "manual", ...init }), env);

const asAdmin = () => bearer({ role: "admin" });

interface Invited {
  readonly id: string;
  readonly link: string;
  readonly token: string;
}

/** A session of that name, and an invitation to it. */
async function invited(id: string, body: object = {}): Promise<Invited> {
  await send("/v1/sessions", post({ id }, await asAdmin()));
  const wanted = { role: "participant", ...body };
  const response = await send(`/v1/sessions/${id}/invitations`, post(wanted, await asAdmin()));
  expect(response.status).toBe(201);
  return response.json<Invited>();
}

/** Sends the form of the page. */
const join = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  send("/join", {
    method: "POST",
    headers: { origin: ORIGIN, "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(fields).toString(),
  });

/** Opens a reader's socket, and hears how it ends. */
async function connect(path: string, headers: Record<string, string>) {
  const { webSocket } = await send(path, { headers: { ...headers, upgrade: "websocket" } });
  if (webSocket === null) throw new Error("no socket");
  const closed = new Promise<number>((resolve) => {
    webSocket.addEventListener("close", ({ code }) => resolve(code));
  });
  webSocket.accept();
  return { webSocket, closed };
}

test("H40 DELETE erases a session, and once more is harmless", async () => {
  await send("/v1/sessions", post({ id: "gone" }, await asAdmin()));
  const erase = async () =>
    send("/v1/sessions/gone", { method: "DELETE", headers: await asAdmin() });
  const refused = await send("/v1/sessions/gone", { method: "DELETE", headers: await bearer() });
  expect(await refusalOf(refused)).toEqual([403, "forbidden"]);
  expect([(await erase()).status, (await erase()).status]).toEqual([204, 204]);
  const after = await send("/v1/sessions/gone", { headers: await asAdmin() });
  expect(await refusalOf(after)).toEqual([404, "session_not_found"]);
});

test("H41 a session may be created with a lifetime of its own", async () => {
  const { send: fake, sessions } = appOver();
  const create = async (lifetime: unknown) =>
    fake("/v1/sessions", post({ id: "mortal", lifetime }, await asAdmin()));
  expect((await create({ pauseAfterIdleMs: 60_000 })).status).toBe(201);
  expect(sessions.calls.at(-1)?.[3]).toMatchObject({ lifetime: { pauseAfterIdleMs: 60_000 } });
  for (const wrong of [{ pauseAfterIdleMs: 1 }, { terminateAfterMs: "1h" }, { forEver: 1_000 }, 7])
    expect(await refusalOf(await create(wrong))).toEqual([400, "bad_request"]);
});

test("H42 an invitation is a link; opening it shows a page, and uses nothing up", async () => {
  const { link, token, id } = await invited("linked", { uses: 1 });
  expect(link).toBe(`${ORIGIN}/join?token=${token}`);
  for (let times = 0; times < 2; times += 1) {
    const page = await send(link);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(await page.text()).toContain(`value="${token}"`);
  }
  const listed = await send("/v1/sessions/linked/invitations", { headers: await asAdmin() });
  expect(await listed.json()).toMatchObject({
    invitations: [{ id, role: "participant", usesLeft: 1, createdBy: "ada" }],
  });
  const refused = await send("/join?token=nothing");
  expect(await refusalOf(refused)).toEqual([401, "unauthorized"]);
});

test("H43 a guest who joins gets a cookie for this session alone, and one use is taken", async () => {
  const { token } = await invited("guests", { uses: 1 });
  const response = await join({ token, name: " Bob  B. " });
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/s/guests");
  const [pair = "", ...attributes] = (response.headers.get("set-cookie") ?? "").split("; ");
  expect(attributes).toEqual(
    expect.arrayContaining(["Path=/v1/sessions/guests", "HttpOnly", "SameSite=Lax"]),
  );
  const info = await send("/v1/sessions/guests", { headers: { cookie: pair } });
  expect(await info.json()).toMatchObject({ id: "guests" });
  const events = await send("/v1/sessions/guests/events", { headers: { cookie: pair } });
  expect(await events.json()).toMatchObject({
    events: expect.arrayContaining([
      expect.objectContaining({
        type: "session.joined",
        subject: expect.stringMatching(/^guest:[0-9a-f]{8}:Bob B\.$/),
        role: "participant",
      }),
    ]),
  });
  const other = await send("/v1/sessions/linked", { headers: { cookie: pair } });
  expect(await refusalOf(other)).toEqual([403, "forbidden"]);
  expect(await refusalOf(await join({ token }))).toEqual([410, "invitation_closed"]);
});

test("H43 a page of another site cannot have somebody join", async () => {
  const { token } = await invited("foreign", { uses: 1 });
  const foreign = await join({ token }, { origin: "https://evil.example", cookie: "a=b" });
  expect(await refusalOf(foreign)).toEqual([403, "bad_origin"]);
  expect((await join({ token })).status).toBe(303);
});

test("H43 a program joins with JSON, as the holder of its token; who is logged in in a page needs no invitation", async () => {
  const { token } = await invited("programs", { role: "viewer", expiresInSeconds: 60 });
  const guest = await send("/join", post({ token, name: "Eve" }, {}));
  expect(guest.status).toBe(201);
  expect(await guest.json()).toMatchObject({ role: "viewer", session: "programs" });
  const headers = await bearer({ session: "another", subject: "grace" });
  const joined = await (await send("/join", post({ token }, headers))).json<{ token: string }>();
  expect(joined).toMatchObject({ subject: "grace", role: "viewer", session: "programs" });
  const seen = await send("/v1/sessions/programs", {
    headers: { authorization: `Bearer ${joined.token}` },
  });
  expect(seen.status).toBe(200);
  const cookie = `perdure-8787=${await tokenFor({ role: "admin" })}`;
  const loggedIn = await join({ token }, { cookie });
  expect([loggedIn.status, loggedIn.headers.get("set-cookie")]).toEqual([303, null]);
});

test("H44 a revocation closes sockets at once and refuses every later request", async () => {
  const { id, token } = await invited("revoked");
  const guest = await (
    await send("/join", post({ token }, {}))
  ).json<{
    token: string;
    id: string;
    subject: string;
  }>();
  const headers = { authorization: `Bearer ${guest.token}` };
  const { closed } = await connect("/v1/sessions/revoked/ws", headers);
  const stream = await send("/v1/sessions/revoked/events", {
    headers: { ...headers, accept: "text/event-stream" },
  });
  const revoke = async (body: object, request: Partial<TokenRequest> = { role: "admin" }) =>
    send("/v1/sessions/revoked/revocations", post(body, await bearer(request)));
  expect(await refusalOf(await revoke({ invitation: id }, {}))).toEqual([403, "forbidden"]);
  expect(await (await revoke({ invitation: id })).json()).toEqual({ revoked: true });
  expect(await closed).toBe(4401);
  // What was under way is read to its end, which comes.
  await stream.text();
  for (const path of ["", "/messages", "/events", "/approvals"]) {
    const refused = await send(`/v1/sessions/revoked${path}`, { headers });
    expect(await refusalOf(refused)).toEqual([401, "unauthorized"]);
  }
  const prompt = post({ id: "p", text: "hello" }, headers);
  const refused = await send("/v1/sessions/revoked/messages", prompt);
  expect(await refusalOf(refused)).toEqual([401, "unauthorized"]);
  const late = await connect("/v1/sessions/revoked/ws", headers);
  expect(await late.closed).toBe(4401);
  expect(await refusalOf(await join({ token }))).toEqual([410, "invitation_closed"]);
});

const statusOf = async (headers: Record<string, string>) =>
  (await send("/v1/sessions/http-roles", { headers })).status;

const revokeRole = async (body: object) =>
  send("/v1/sessions/http-roles/revocations", post(body, await asAdmin()));

test("H44 a role changes by a new token: the old one is revoked by its id or its holder", async () => {
  await invited("http-roles");
  const before = await bearer({ subject: "bob", session: "http-roles" });
  expect((await revokeRole({ subject: "bob" })).status).toBe(200);
  const after = await bearer({ subject: "bob", session: "http-roles", role: "viewer" });
  expect([await statusOf(before), await statusOf(after)]).toEqual([401, 200]);
  const { id } = await verifyToken(SECRET, (after.authorization ?? "").replace("Bearer ", ""));
  await revokeRole({ token: id, expiresAt: Date.now() + 60_000 });
  expect(await statusOf(after)).toBe(401);
});

test.for([
  ["invitations", {}],
  ["invitations", { role: "admin" }],
  ["invitations", { role: "viewer", uses: 0 }],
  ["invitations", { role: "viewer", expiresInSeconds: 40_000_000 }],
  ["revocations", {}],
  ["revocations", { subject: "bob", token: "t" }],
  ["revocations", { token: "t", expiresAt: "soon" }],
] as const)("H42 H44 POST …/%s with %j makes no sense", async ([path, body]) => {
  const { send: fake, sessions } = appOver();
  const response = await fake(`/v1/sessions/s/${path}`, post(body, await asAdmin()));
  expect(await refusalOf(response)).toEqual([400, "bad_request"]);
  expect(sessions.calls).toEqual([]);
});

test("H42 an app of one's own without secrets invites nobody", async () => {
  const routes = sessionRoutes<{ Bindings: typeof env }>({
    binding: "SESSION_DO",
    authorize: () => ({ subject: "ada", role: "admin" }),
  });
  const response = await routes.fetch(
    new Request(`${ORIGIN}/sessions/s/invitations`, post({ role: "viewer" }, {})),
    env,
  );
  expect(await refusalOf(response)).toEqual([404, "not_found"]);
});

test("H43 an invitation that this server did not sign is refused before any session is reached", async () => {
  const { send: fake, sessions } = appOver();
  const token = await signInvitation("a foreign secret of thirty-two bytes", {
    id: "i",
    session: "s",
    role: "viewer",
    expiresAt: Date.now() + 60_000,
  });
  expect(await refusalOf(await fake("/join", post({ token }, {})))).toEqual([401, "unauthorized"]);
  expect(sessions.calls).toEqual([]);
});

/** Logs the owner in, and answers the headers of the browser. */
async function loggedIn() {
  const token = await signLoginToken(SECRET, "owner");
  const response = await send(`/login?token=${token}`);
  const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { cookie, origin: ORIGIN };
}

test("H47 whatever a login has open ends with it: sockets of sessions and lists, asleep or not, and streams", async () => {
  await send("/v1/sessions", post({ id: "logged-out" }, await asAdmin()));
  const [headers, other] = [await loggedIn(), await loggedIn()];
  const reader = await connect("/v1/sessions/logged-out/ws", headers);
  const list = await connect("/v1/sessions", headers);
  const left = await connect("/v1/sessions/logged-out/ws", other);
  let isLeftClosed = false;
  void left.closed.then(() => (isLeftClosed = true));
  const stream = await send("/v1/sessions/logged-out/events", {
    headers: { ...headers, accept: "text/event-stream" },
  });
  await evictDurableObject(env.SESSION_DO.getByName("logged-out"), { webSockets: "hibernate" });
  expect((await send("/logout", { method: "POST", headers })).status).toBe(204);
  expect([await reader.closed, await list.closed]).toEqual([4401, 4401]);
  await stream.text();
  expect(isLeftClosed).toBe(false);
  left.webSocket.close();
});

test("H48 what an invitation has given ends with the invitation, however often it is used", async () => {
  const { token } = await invited("until", { role: "viewer", expiresInSeconds: 60 });
  const guest = await (
    await send("/join", post({ token }, {}))
  ).json<{ token: string; expiresAt: number }>();
  const headers = { authorization: `Bearer ${guest.token}` };
  expect((await send("/v1/sessions/until", { headers })).status).toBe(200);
  vi.useFakeTimers({ toFake: ["Date"], now: guest.expiresAt + 1 });
  try {
    expect((await send("/v1/sessions/until", { headers })).status).toBe(401);
  } finally {
    vi.useRealTimers();
  }
});
