/** Where a token comes from, and which host it was sent to. */

import { getCookie } from "hono/cookie";
import { cookieNameOf } from "../auth/index.ts";
import { subprotocolToken } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { AppContext, AppOptions } from "./options.ts";

/** A token and where it was. A browser sends a cookie by itself, whoever's page asks. */
export interface Credential {
  readonly token: string;
  readonly from: "header" | "subprotocol" | "cookie" | "guest cookie";
}

/** Whether a browser sent it by itself. */
export function isCookie({ from }: Credential): boolean {
  return from.endsWith("cookie");
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
  const cookie = getCookie(c, cookieNameOf(c.req.raw, ownerCookie(c, options)));
  if (cookie !== undefined) return { token: cookie, from: "cookie" };
  const guest = getCookie(c, cookieNameOf(c.req.raw, guestCookie(c, options)));
  return guest === undefined ? undefined : { token: guest, from: "guest cookie" };
}

/** The cookie of whoever may see every session. Cookies ignore ports, so that two servers on one machine need two names. */
export function ownerCookie<Env>(c: AppContext<Env>, options: AppOptions<Env>) {
  const { port, protocol } = new URL(c.req.url);
  const portInUse = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return { name: options.cookieName?.(c.env) ?? `perdure-${portInUse}` };
}

/** A guest's cookie: it is for one session, and a browser sends it for the paths of that alone. */
export function guestCookie<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  session: string = c.req.path.split("/")[3] ?? "",
) {
  return { name: `${ownerCookie(c, options).name}-guest`, path: `/v1/sessions/${session}` };
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
