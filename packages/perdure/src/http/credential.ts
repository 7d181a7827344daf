/** Where a token comes from, and whose page may send it. */

import { getCookie } from "hono/cookie";
import { PerdureError } from "../protocol/index.ts";
import type { AppContext, AppOptions } from "./options.ts";

/** Subprotocol of Perdure's sockets: what the server selects. */
export const SUBPROTOCOL = "perdure";

/** A browser cannot set headers on a WebSocket, but it may offer a subprotocol: this prefix and a token. */
export const TOKEN_SUBPROTOCOL_PREFIX = "perdure.token.";

/** A token and where it was. A browser sends a cookie by itself, whoever's page asks. */
export interface Credential {
  readonly token: string;
  readonly from: "header" | "subprotocol" | "cookie";
}

/** The token of a request: from `Authorization`, the subprotocols of an upgrade, or the cookie; in this order. */
export function credentialOf<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
): Credential | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (bearer !== undefined) return { token: bearer, from: "header" };
  const offered = isUpgrade(c.req.raw) ? offeredSubprotocols(c.req.raw) : [];
  const subprotocol = offered.find((one) => one.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  if (subprotocol !== undefined)
    return { token: subprotocol.slice(TOKEN_SUBPROTOCOL_PREFIX.length), from: "subprotocol" };
  const cookie = getCookie(c, cookieNameOf(c, options));
  return cookie === undefined ? undefined : { token: cookie, from: "cookie" };
}

/** The subprotocols that a client offers. */
export function offeredSubprotocols(request: Request): readonly string[] {
  const header = request.headers.get("sec-websocket-protocol") ?? "";
  return header.split(",").map((one) => one.trim());
}

/** Whether a request wants to become a WebSocket. */
export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** The cookie's name. Cookies ignore ports, so that two servers on one machine need two names. */
export function cookieNameOf<Env>(c: AppContext<Env>, options: AppOptions<Env>): string {
  const { port, protocol } = new URL(c.req.url);
  const portInUse = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return options.cookieName?.(c.env) ?? `perdure-${portInUse}`;
}

/**
 * Throws `bad_origin` where another site's page is behind a request: on an upgrade and with a cookie, the `Origin` must be
 * the server's own or an allowed one. It may be missing where no browser would have added a credential by itself, or where
 * a cookie only reads.
 */
export function checkOrigin<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  credential: Credential | undefined,
): void {
  const hasCookie = credential?.from === "cookie";
  if (!hasCookie && !isUpgrade(c.req.raw)) return;
  const origin = c.req.header("origin");
  const isReading = ["GET", "HEAD"].includes(c.req.method) && !isUpgrade(c.req.raw);
  if (origin === undefined && (!hasCookie || isReading)) return;
  const own = new URL(c.req.url).origin;
  if (origin === own || (origin !== undefined && isAllowedOrigin(c, options, origin))) return;
  throw new PerdureError(
    "bad_origin",
    "The request comes from a page of another origin: add the origin to the allowed ones, or use the server's own address.",
  );
}

/** Whether pages of a foreign origin may use the server. */
export function isAllowedOrigin<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  origin: string,
): boolean {
  return options.allowedOrigins?.(c.env)?.includes(origin) ?? false;
}

/** Throws `bad_host` where the request was meant for a name that is not this server's. */
export function checkHost<Env>(c: AppContext<Env>, options: AppOptions<Env>): void {
  const allowed = options.allowedHosts?.(c.env);
  if (allowed === undefined) return;
  const { host, hostname } = new URL(c.req.url);
  if (allowed.includes(host) || allowed.includes(hostname)) return;
  throw new PerdureError(
    "bad_host",
    "The server does not answer to this host name: use the address that it printed, or allow the name.",
  );
}
