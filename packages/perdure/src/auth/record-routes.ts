/** Auth sessions over HTTP, inside the account: the secret was checked before. */

import { badRequest, readJson } from "../object/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { parseSessionToken, parseTtl, parseUserId } from "./record.ts";
import type { AuthSessionRpc, NewSession } from "./rpc.ts";

/** Where a request has the token: the first that is there. */
const TOKEN_HEADERS = ["x-session-do-token", "x-lunora-session-token"];

type Route = (sessions: AuthSessionRpc, request: Request, url: URL) => Promise<Response>;

/** Each path with its one method. */
export const RECORD_ROUTES: Readonly<Record<string, readonly [method: string, route: Route]>> = {
  "/create": [
    "POST",
    async (sessions, request) => {
      const session = newSessionOf(await readJson(request));
      return json({ token: session.token, ...(await sessions.create(session)) }, 201);
    },
  ],
  "/get": [
    "GET",
    async (sessions, request) => json(existing(await sessions.get(tokenOf(request)))),
  ],
  "/touch": [
    "POST",
    async (sessions, request) => {
      const token = tokenOf(request);
      const { ttlSeconds } = await readJson(request);
      return json(existing(await sessions.touch(token, parseTtl(ttlSeconds))));
    },
  ],
  "/rotate": [
    "POST",
    async (sessions, request) => {
      const token = tokenOf(request);
      const { token: given } = await readJson(request);
      const next = given === undefined ? newSessionToken() : parseSessionToken(given);
      return json({ token: next, ...existing(await sessions.rotate(token, next)) });
    },
  ],
  "/revoke": [
    "DELETE",
    async (sessions, request) =>
      json({ revoked: (await sessions.revoke(tokenOf(request))) !== null }),
  ],
  "/list": [
    "GET",
    async (sessions, _request, url) => json({ sessions: await sessions.list(userOf(url)) }),
  ],
  "/revoke-all": [
    "DELETE",
    async (sessions, _request, url) => json({ revoked: await sessions.revokeAll(userOf(url)) }),
  ],
};

/**
 * The answer to a request for a session; undefined where the path is none of these.
 *
 * @throws What the methods throw, `session_not_found`, and `method_not_allowed`.
 */
export async function serveRecords(
  request: Request,
  sessions: AuthSessionRpc,
): Promise<Response | undefined> {
  const url = new URL(request.url);
  const found = Object.hasOwn(RECORD_ROUTES, url.pathname)
    ? RECORD_ROUTES[url.pathname]
    : undefined;
  if (found === undefined) return undefined;
  const [method, route] = found;
  if (request.method !== method)
    throw new PerdureError("method_not_allowed", `This path takes ${method} only.`);
  return route(sessions, request, url);
}

/** A new token: 256 bits at random, in base64url. */
export function newSessionToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

/** The object holds the fields to its schema. */
function newSessionOf({ token, userId, ttlSeconds, fields }: JsonObject): NewSession {
  return {
    token: parseSessionToken(token),
    userId: parseUserId(userId),
    ttlSeconds: parseTtl(ttlSeconds),
    ...(fields === undefined ? {} : { fields: Object(fields) as object }),
  };
}

function tokenOf(request: Request): string {
  const given = TOKEN_HEADERS.map((name) => request.headers.get(name)).find((one) => one !== null);
  if (given === undefined)
    throw badRequest("the token belongs into the header `x-session-do-token`");
  return parseSessionToken(given);
}

const userOf = (url: URL) => parseUserId(url.searchParams.get("userId") ?? undefined);

/** What is there. An unknown token and an expired one are the same to whoever asks. */
function existing<T>(found: T | null): T {
  if (found === null)
    throw new PerdureError("session_not_found", "There is no session of this token: log in again.");
  return found;
}

const json = (value: unknown, status = 200) =>
  Response.json(value, { status, headers: { "cache-control": "no-store" } });
