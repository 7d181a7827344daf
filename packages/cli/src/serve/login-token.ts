import { LOGIN_LIFETIME_SECONDS, signLoginToken as sign } from "perdure/auth/tokens";

/** Who owns a server that one person runs on one machine. */
export const OWNER = "owner";

/**
 * Signs the token of the URL that `perdure serve` prints, which the login page exchanges for a cookie. Good for a week.
 *
 * @param now Milliseconds since 1970.
 */
export function signLoginToken(secret: string, now = Date.now()): Promise<string> {
  return sign(secret, OWNER, LOGIN_LIFETIME_SECONDS, now);
}
