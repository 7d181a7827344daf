/** The cookie of a session, and where else a request may have its token. */

import { parse, serialize } from "hono/utils/cookie";
import { subprotocolToken } from "../object/index.ts";
import type { CookieOptions } from "./auth-options.ts";

/** Its name where nothing else is said. */
const COOKIE_NAME = "session";

/** A token and where it was: a browser sends a cookie by itself, whoever's page asks. */
export interface RequestToken {
  readonly token: string;
  readonly isCookie: boolean;
}

/** The token of a request: from `Authorization: Bearer`, the subprotocols of an upgrade, or the cookie; in this order. */
export function tokenIn(
  request: Request,
  options: CookieOptions | false,
): RequestToken | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const token = bearer ?? subprotocolToken(request);
  if (token !== undefined) return { token, isCookie: false };
  if (options === false) return undefined;
  const name = cookieNameOf(request, options);
  const cookie = parse(request.headers.get("cookie") ?? "", name)[name];
  return cookie === undefined ? undefined : { token: cookie, isCookie: true };
}

/** `set-cookie` with a token that is good for so long, or, with an empty one, without. */
export function cookieOf(
  request: Request,
  options: CookieOptions,
  token: string,
  maxAgeMs: number,
): string {
  const { domain, path = "/", sameSite = "Lax" } = options;
  return serialize(cookieNameOf(request, options), token, {
    path,
    httpOnly: true,
    sameSite,
    secure: isSecure(request, options),
    maxAge: Math.max(0, Math.floor(maxAgeMs / 1000)),
    ...(domain === undefined ? {} : { domain }),
  });
}

/**
 * The name of the cookie. A browser takes one of such a name only with the flags that the name promises, and, where it can, of this
 * host alone.
 */
export function cookieNameOf(request: Request, options: CookieOptions): string {
  const { name = COOKIE_NAME, domain, path = "/" } = options;
  if (!isSecure(request, options)) return name;
  return domain === undefined && path === "/" ? `__Host-${name}` : `__Secure-${name}`;
}

function isSecure(request: Request, { secure }: CookieOptions): boolean {
  return secure ?? new URL(request.url).protocol === "https:";
}
