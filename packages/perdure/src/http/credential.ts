/** Where a token comes from, and which host it was sent to. */

import { getCookie } from "hono/cookie";
import { subprotocolToken } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { AppContext, AppOptions } from "./options.ts";

/** A token and where it was. A browser sends a cookie by itself, whoever's page asks. */
export interface Credential {
  readonly token: string;
  readonly from: "header" | "subprotocol" | "cookie";
}

/** The token of a request: from `Authorization`, the subprotocols of an upgrade, the cookie, or a guest's; in this order. */
export function credentialOf<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
): Credential | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (bearer !== undefined) return { token: bearer, from: "header" };
  const subprotocol = subprotocolToken(c.req.raw);
  if (subprotocol !== undefined) return { token: subprotocol, from: "subprotocol" };
  const cookie =
    getCookie(c, cookieNameOf(c, options)) ?? getCookie(c, guestCookieNameOf(c, options));
  return cookie === undefined ? undefined : { token: cookie, from: "cookie" };
}

/** The cookie's name. Cookies ignore ports, so that two servers on one machine need two names. */
export function cookieNameOf<Env>(c: AppContext<Env>, options: AppOptions<Env>): string {
  const { port, protocol } = new URL(c.req.url);
  const portInUse = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return options.cookieName?.(c.env) ?? `perdure-${portInUse}`;
}

/** The name of a guest's cookie: it is for one session, and a browser sends it for the paths of that alone. */
export function guestCookieNameOf<Env>(c: AppContext<Env>, options: AppOptions<Env>): string {
  return `${cookieNameOf(c, options)}-guest`;
}

/** Lax, so that a link to a session works; `Origin` is checked on everything that the cookie allows to change. */
export function cookieAttributes<Env>(c: AppContext<Env>) {
  const secure = new URL(c.req.url).protocol === "https:";
  return { path: "/", httpOnly: true, sameSite: "Lax", secure } as const;
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
