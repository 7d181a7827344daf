import { SignJWT } from "jose";

/** The `aud` of a login token: the login page takes no other, and no other route takes it. */
export const LOGIN_AUDIENCE = "perdure:login";

/** Who owns a server that one person runs on one machine. */
export const OWNER = "owner";

/** How long the URL that `perdure serve` prints can be used. */
export const LOGIN_TOKEN_DAYS = 7;

const SECONDS_PER_DAY = 24 * 60 * 60;

/**
 * Signs a token that the login page exchanges for a cookie: a compact JWT, HS256, whose key is the UTF-8 bytes of the
 * secret's text.
 *
 * @param now Milliseconds since 1970.
 */
export function signLoginToken(secret: string, now = Date.now()): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(OWNER)
    .setAudience(LOGIN_AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LOGIN_TOKEN_DAYS * SECONDS_PER_DAY)
    .sign(new TextEncoder().encode(secret));
}
