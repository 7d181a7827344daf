/** Who holds the token of a request: for the `authenticate` of routes that are not the app's own. */

import { subprotocolToken } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Secrets } from "./secret.ts";
import { EVERY_SESSION, verifyToken } from "./token.ts";

/** Who holds a token. */
export interface TokenHolder {
  /** The `sub` of the token. */
  readonly subject: string;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAt: number | null;
}

/** What `tokenAuthenticator` takes beside the secrets. */
export interface TokenAuthenticatorOptions<Env = unknown> {
  /** Name of the cookie that may carry the token. Default: `perdure-` and the port. */
  cookieName?(env: Env): string;
}

/**
 * Makes an `authenticate` for `connectionRoutes`: it takes a token from `Authorization: Bearer`, from the subprotocol
 * `perdure.token.<token>` of an upgrade, or from a cookie; the first that is there counts.
 *
 * ```ts
 * connectionRoutes(connection, { authenticate: tokenAuthenticator((env) => env.SECRET) });
 * ```
 *
 * @param secretsOf The secrets that tokens may be signed with.
 * @returns Answers null where a request carries no token. Throws `unauthorized` where its token is bad or has expired, `forbidden`
 * where it is for one session only or a runner's.
 */
export function tokenAuthenticator<Env = unknown>(
  secretsOf: (env: Env) => Secrets,
  options: TokenAuthenticatorOptions<Env> = {},
): (request: Request, env: Env) => Promise<TokenHolder | null> {
  return async (request, env) => {
    const token =
      bearerToken(request) ??
      subprotocolToken(request) ??
      cookieOf(request, options.cookieName?.(env) ?? defaultCookieName(request));
    if (token === undefined) return null;
    const { subject, session, role, expiresAt } = await verifyToken(secretsOf(env), token);
    if (session !== EVERY_SESSION || role === "runner")
      throw new PerdureError(
        "forbidden",
        "The token is not for this: get one of a person, for every session (`*`).",
      );
    return { subject, expiresAt };
  };
}

function bearerToken(request: Request): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** Cookies ignore ports, so that two servers on one machine need two names. */
function defaultCookieName(request: Request): string {
  const { port, protocol } = new URL(request.url);
  return `perdure-${port || (protocol === "https:" ? "443" : "80")}`;
}

function cookieOf(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;
}
