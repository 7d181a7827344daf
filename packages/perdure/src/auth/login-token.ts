/** Login tokens: what the URL that `perdure serve` prints carries. Good for one thing: a cookie. */

import { SignJWT } from "jose";
import { PerdureError } from "../protocol/index.ts";
import type { Secrets } from "./secret.ts";
import { keyOf } from "./secret.ts";
import { verifyJwt } from "./token.ts";

/** The `aud` of a login token: no route but the login page takes it, and the login page takes no other. */
export const LOGIN_AUDIENCE = "perdure:login";

/** How long a login token is good by default, in seconds: a week. */
export const LOGIN_LIFETIME_SECONDS = 7 * 24 * 60 * 60;

/** Who logs in. */
export interface LoginClaims {
  /** 1 to 256 UTF-16 units: whose sessions they are. */
  readonly subject: string;
}

/**
 * Signs a login token (HS256). Whoever has it gets an admin's cookie. `now` is milliseconds since 1970. Throws a `RangeError` where
 * the secret is too short.
 */
export async function signLoginToken(
  secret: string,
  subject: string,
  expiresInSeconds = LOGIN_LIFETIME_SECONDS,
  now = Date.now(),
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject)
    .setAudience(LOGIN_AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + expiresInSeconds)
    .sign(keyOf(secret));
}

/** Verifies a login token, an HS256 JWT with `sub` and `exp`, with any of the secrets. Throws `unauthorized`. */
export async function verifyLoginToken(secrets: Secrets, token: string): Promise<LoginClaims> {
  const { sub, exp } = await verifyJwt(secrets, token, LOGIN_AUDIENCE);
  if (sub === undefined || sub === "" || exp === undefined)
    throw new PerdureError("unauthorized", "The login token lacks a claim: it needs sub and exp.");
  return { subject: sub };
}
