import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { signToken, tokenAuthenticator } from "../../src/auth/index.ts";
import type { ConnectionMeta, ConnectionRoutesOptions } from "../../src/connection/index.ts";
import { connectionRoutes, defineConnection } from "../../src/connection/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";
import { TestSocket } from "../../src/testing/index.ts";
import { problemIn } from "../object/socket.ts";
import { user } from "../objects/user-do.ts";
import { emit, nextEvent } from "./user-socket.ts";
import type { UserSocket } from "./user-socket.ts";

const SECRET = "a secret of at least thirty-two bytes";

/** A definition of the same class that has no `extractMeta`. */
const anyone = defineConnection<ConnectionMeta, Cloudflare.Env>({ connectionBinding: "USER" });

function upgrade(headers: Readonly<Record<string, string>> = {}, path = "/ws"): Request {
  return new Request(`https://app.example${path}`, {
    headers: { upgrade: "websocket", ...headers },
  });
}

/** Status and code of a refusal; 101 and the user where the connection was opened. */
async function outcomeOf(response: Response): Promise<readonly [number, unknown]> {
  if (response.webSocket === null) return problemIn(response);
  const { userId } = (await metaOf(response)) as ConnectionMeta;
  return [response.status, userId];
}

/** An `authenticate` that throws. */
const refusing = (error: Error): ConnectionRoutesOptions<Cloudflare.Env> => ({
  async authenticate() {
    throw error;
  },
});

/** A token of `ada with a token`. */
const tokenWith = (change: object = {}): Promise<string> =>
  signToken(SECRET, {
    subject: "ada with a token",
    session: "*",
    role: "participant",
    expiresInSeconds: 60,
    ...change,
  });

/** The meta that a connection was opened with, as its object sees it. */
async function metaOf(response: Response): Promise<unknown> {
  if (response.webSocket === null) throw new Error(await response.text());
  const socket = new TestSocket(response.webSocket) as UserSocket;
  emit(socket, "look");
  const look = await nextEvent(socket, "look");
  return (look as { readonly meta: unknown }).meta;
}

test("J1 another path is not found, and one without an upgrade says what is wrong", async () => {
  const fetch = connectionRoutes(user);
  const other = await fetch(upgrade({}, "/other"), env);
  expect(other.headers.get("content-type")).toBe("application/problem+json");
  expect(await problemIn(other)).toEqual([404, "not_found"]);
  const plain = (headers: Readonly<Record<string, string>>) =>
    fetch(new Request("https://app.example/ws", { headers }), env);
  expect(await problemIn(await plain({}))).toEqual([401, "unauthorized"]);
  expect(await problemIn(await plain({ "x-user": "plain" }))).toEqual([426, "upgrade_required"]);
});

test.for([
  { origin: undefined, isAllowed: true },
  { origin: "https://app.example", isAllowed: true },
  { origin: "https://page.example", isAllowed: true },
  { origin: "https://evil.example", isAllowed: false },
  { origin: "null", isAllowed: false },
])("J2 an upgrade from the origin $origin: $isAllowed", async ({ origin, isAllowed }) => {
  const fetch = connectionRoutes(user, { allowedOrigins: () => ["https://page.example"] });
  const response = await fetch(
    upgrade({ "x-user": "origins", ...(origin === undefined ? {} : { origin }) }),
    env,
  );
  expect(await outcomeOf(response)).toEqual(isAllowed ? [101, "origins"] : [403, "bad_origin"]);
});

test("J3 extractMeta gets what authenticate found, before any object is reached", async () => {
  const extractMeta = vi.fn<() => null>(() => null);
  const definition = defineConnection<ConnectionMeta, Cloudflare.Env>({
    connectionBinding: "MISSING",
    extractMeta,
  });
  const identity = { subject: "ada", expiresAt: 5 };
  const fetch = connectionRoutes(definition, { authenticate: async () => identity });
  const response = await fetch(upgrade(), env);
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
  expect(await problemIn(response)).toEqual([401, "unauthorized"]);
  expect(extractMeta).toHaveBeenCalledWith(expect.any(Request), env, identity);
});

test("J3 an authenticate that throws refuses, and gives nothing away", async () => {
  const known = connectionRoutes(anyone, refusing(new PerdureError("forbidden", "Not you.")));
  expect(await problemIn(await known(upgrade(), env))).toEqual([403, "forbidden"]);
  const log = vi.spyOn(console, "error").mockReturnValue();
  const unknown = await connectionRoutes(anyone, refusing(new Error("a secret")))(upgrade(), env);
  expect(unknown.status).toBe(500);
  expect(await unknown.text()).not.toContain("a secret");
  expect(log).toHaveBeenCalledOnce();
});

test("J4 without extractMeta the user is who was authenticated, else a new one each time", async () => {
  const known = connectionRoutes(anyone, { authenticate: () => ({ subject: "grace" }) });
  expect(await metaOf(await known(upgrade(), env))).toMatchObject({
    userId: "grace",
    channels: ["default"],
  });
  const fetch = connectionRoutes(anyone);
  const [first, second] = [
    (await metaOf(await fetch(upgrade(), env))) as ConnectionMeta,
    (await metaOf(await fetch(upgrade(), env))) as ConnectionMeta,
  ];
  expect(first.userId).toMatch(/^anonymous:/);
  expect(first.userId).not.toBe(second.userId);
});

test.for([
  { why: "longest", meta: { userId: "u".repeat(256) }, answer: undefined },
  { why: "too long", meta: { userId: "u".repeat(257) }, answer: [400, "bad_request"] },
  { why: "empty", meta: { userId: "" }, answer: [400, "bad_request"] },
  { why: "no client", meta: { clientId: 1 }, answer: [400, "bad_request"] },
  { why: "no channels", meta: { channels: [1] }, answer: [400, "bad_request"] },
  { why: "largest", meta: { more: "é".repeat(8_000) }, answer: undefined },
  { why: "too large", meta: { more: "é".repeat(8_192) }, answer: [413, "too_large"] },
])("J5 the meta of a connection has bounds: $why", async ({ meta, answer }) => {
  const whole = { userId: "bounds", clientId: "tab", channels: [], ...meta };
  const definition = defineConnection<ConnectionMeta, Cloudflare.Env>({
    connectionBinding: "USER",
    extractMeta: () => whole as unknown as ConnectionMeta,
  });
  const response = await connectionRoutes(definition)(upgrade(), env);
  expect(await outcomeOf(response)).toEqual(answer ?? [101, whole.userId]);
});

test("J6 a binding that is missing is an error with the lines to add", async () => {
  const definition = defineConnection<ConnectionMeta, object>({ name: "Forgotten" });
  const response = await connectionRoutes(definition)(upgrade(), {});
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain("durable_objects.bindings");
  expect(text).toContain("new_sqlite_classes");
  expect(text).toContain("Forgotten");
});

test("J7 no header of the client reaches the object, and a subprotocol is selected", async () => {
  const response = await connectionRoutes(user)(
    upgrade({
      "x-user": "headers",
      "x-perdure-connection": encodeURIComponent('{"subject":"root"}'),
      "sec-websocket-protocol": "perdure, perdure.token.abc",
    }),
    env,
  );
  expect(response.headers.get("sec-websocket-protocol")).toBe("perdure");
  expect(await metaOf(response)).toMatchObject({ userId: "headers" });
});

test("J8 a token is taken from the header, a subprotocol or the cookie, and only a good one", async () => {
  const fetch = connectionRoutes(anyone, { authenticate: tokenAuthenticator(() => SECRET) });
  const good = await tokenWith();
  const ways: readonly Readonly<Record<string, string>>[] = [
    { authorization: `Bearer ${good}` },
    { "sec-websocket-protocol": `perdure, perdure.token.${good}` },
    { cookie: `other=1; perdure-443=${good}` },
  ];
  for (const headers of ways)
    expect(await metaOf(await fetch(upgrade(headers), env))).toMatchObject({
      userId: "ada with a token",
    });
  const bad = [
    [`${good}x`, 401, "unauthorized"],
    [await tokenWith({ expiresInSeconds: -1 }), 401, "unauthorized"],
    [await tokenWith({ session: "one" }), 403, "forbidden"],
    [await tokenWith({ role: "runner" }), 403, "forbidden"],
  ] as const;
  for (const [one, status, code] of bad) {
    const response = await fetch(upgrade({ authorization: `Bearer ${one}` }), env);
    expect(await problemIn(response)).toEqual([status, code]);
  }
  const nobody = (await metaOf(await fetch(upgrade(), env))) as ConnectionMeta;
  expect(nobody.userId).toMatch(/^anonymous:/);
});
