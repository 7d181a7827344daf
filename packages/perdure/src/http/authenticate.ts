/** From a token to what it opens. */

import type { TokenClaims } from "../auth/index.ts";
import { EVERY_SESSION, identityOf, opensSession } from "../auth/index.ts";
import type { Identity } from "../object/index.ts";
import { checkOrigin } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { credentialOf, isCookie } from "./credential.ts";
import { claimsOf } from "./logins.ts";
import type { AppContext, AppOptions } from "./options.ts";

/** Reads and verifies the request's token, or finds its login. Throws `bad_origin` or `unauthorized`. */
export async function authenticate<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
): Promise<void> {
  const credential = credentialOf(c, options);
  checkOrigin(
    c.req.raw,
    options.allowedOrigins?.(c.env),
    credential !== undefined && isCookie(credential),
  );
  if (credential === undefined)
    throw new PerdureError(
      "unauthorized",
      "The request carries no token: log in, or send one in the Authorization header.",
    );
  c.set("claims", await claimsOf(c, options, credential));
}

/** Who a token says asks, for one session or, with null, for whatever one. Throws `forbidden` where it opens that not. */
export function holderOf(claims: TokenClaims, session: string | null): Identity {
  if (session === null) requireEverySession(claims);
  else if (!opensSession(claims, session))
    throw new PerdureError("forbidden", "The token is for another session: get one for this one.");
  return identityOf(claims);
}

/** Throws `forbidden` where the token is for one session only. */
export function requireEverySession({ session }: TokenClaims): void {
  if (session === EVERY_SESSION) return;
  throw new PerdureError(
    "forbidden",
    "The token is for one session only: use that session's routes, or a token for every session.",
  );
}
