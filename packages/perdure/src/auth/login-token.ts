/** Login tokens: what the URL that `perdure serve` prints carries. Good for one thing: a cookie. */

import { PerdureError } from "../protocol/index.ts";
import type { Secrets } from "./secret.ts";
import { verifyJwt } from "./token.ts";

/** The `aud` of a login token: no route but the login page takes it, and the login page takes no other. */
export const LOGIN_AUDIENCE = "perdure:login";

/** Who logs in. */
export interface LoginClaims {
  readonly subject: string;
}

/** Verifies a login token, an HS256 JWT with `sub` and `exp`, with any of the secrets. Throws `unauthorized`. */
export async function verifyLoginToken(secrets: Secrets, token: string): Promise<LoginClaims> {
  const { sub, exp } = await verifyJwt(secrets, token, LOGIN_AUDIENCE);
  if (sub === undefined || sub === "" || exp === undefined)
    throw new PerdureError("unauthorized", "The login token lacks a claim: it needs sub and exp.");
  return { subject: sub };
}
