/** Signed tokens: who holds one, which session it opens, in which role, and until when. */

import { errors, jwtVerify, SignJWT } from "jose";
import type { Identity } from "../protocol/index.ts";
import type { Role } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Secrets } from "./secret.ts";
import { keyOf, listOf } from "./secret.ts";

/** The `aud` of a token that opens sessions. */
export const TOKEN_AUDIENCE = "perdure";

/** The `ses` of a token that opens every session. */
export const EVERY_SESSION = "*";

/** Longest subject, in UTF-16 units: it is kept with every socket and in every event of its holder. */
export const MAX_SUBJECT_LENGTH = 256;

/** What a token says. */
export interface TokenClaims {
  /** Who holds it; also the name of the index that lists the holder's sessions. */
  readonly subject: string;
  /** Id of the one session that it opens, or `*` for every one. */
  readonly session: string;
  readonly role: Role;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAt: number | null;
  /** Unique id of the token. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  /** The invitation that gave it. */
  readonly invitation?: string | undefined;
}

/** What to put into a token. */
export interface TokenRequest {
  /** Who will hold it: 1 to 256 UTF-16 units. */
  readonly subject: string;
  /** Id of one session, or `*`. */
  readonly session: string;
  readonly role: Role;
  /** Seconds from now. Null has to be said: such a token is good for as long as its secret is. */
  readonly expiresInSeconds: number | null;
  /** The invitation that gives it. */
  readonly invitation?: string | undefined;
}

const ALGORITHM = "HS256";
const ROLES: readonly Role[] = ["viewer", "participant", "runner", "admin"];

/** The role of that name; undefined where it is none. */
export function parseRole(value: unknown): Role | undefined {
  return ROLES.find((role) => role === value);
}

/** Signs a token: a compact JWT (HS256). Throws a `RangeError` where the secret is too short or the subject too long. */
export async function signToken(secret: string, request: TokenRequest): Promise<string> {
  const { subject, session, role, expiresInSeconds, invitation } = request;
  if (!isSubject(subject))
    throw new RangeError(`A subject has 1 to ${MAX_SUBJECT_LENGTH} characters.`);
  // To the millisecond, so that a token which is made right after a revocation is told from those before it.
  const issuedAt = Date.now() / 1000;
  const token = new SignJWT({
    ses: session,
    role,
    ...(invitation === undefined ? {} : { inv: invitation }),
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
    .setSubject(subject)
    .setAudience(TOKEN_AUDIENCE)
    .setIssuedAt(issuedAt)
    .setJti(crypto.randomUUID());
  if (expiresInSeconds !== null) token.setExpirationTime(Math.floor(issuedAt) + expiresInSeconds);
  return token.sign(keyOf(secret));
}

/** Verifies a token with any of the secrets. Throws `unauthorized`, and never repeats the token. */
export async function verifyToken(secrets: Secrets, token: string): Promise<TokenClaims> {
  const claims = await verifyJwt(secrets, token, TOKEN_AUDIENCE);
  const { sub, ses, role: name, exp, jti, iat, inv } = claims;
  const role = parseRole(name);
  if (!isSubject(sub) || !isText(ses) || role === undefined || !isText(jti) || iat === undefined)
    throw refused("The token lacks a claim: it needs sub, ses, role, jti and iat.");
  return {
    subject: sub,
    session: ses,
    role,
    expiresAt: exp === undefined ? null : exp * 1000,
    id: jti,
    issuedAt: Math.round(iat * 1000),
    ...(isText(inv) ? { invitation: inv } : {}),
  };
}

/** Whether a token opens the session of that id. */
export function opensSession(claims: TokenClaims, id: string): boolean {
  return claims.session === EVERY_SESSION || claims.session === id;
}

/** The identity that an object gets for a token. */
export function identityOf(claims: TokenClaims): Identity {
  const { subject, role, expiresAt, id, issuedAt, invitation } = claims;
  const token = { id, issuedAt, ...(invitation === undefined ? {} : { invitation }) };
  return { subject, role, expiresAt, token };
}

/** The registered claims of a JWT, and all others as they came. */
interface VerifiedClaims {
  readonly sub?: string | undefined;
  readonly exp?: number | undefined;
  readonly jti?: string | undefined;
  readonly iat?: number | undefined;
  readonly [claim: string]: unknown;
}

/** Checks signature, audience and expiry of a JWT against each secret in turn. Throws `unauthorized`. */
export async function verifyJwt(
  secrets: Secrets,
  token: string,
  audience: string,
): Promise<VerifiedClaims> {
  for (const secret of listOf(secrets)) {
    try {
      const { payload } = await jwtVerify(token, keyOf(secret), {
        algorithms: [ALGORITHM],
        audience,
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      throw explain(error);
    }
  }
  throw refused("The token was not signed by this server: get a new one.");
}

/** What jose found, in words that hold nothing of the token. A mistake in the configuration passes through. */
function explain(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return refused("The token has expired: get a new one.");
  if (error instanceof errors.JWTClaimValidationFailed)
    return refused(`The token is not meant for this: its \`${error.claim}\` claim does not fit.`);
  if (error instanceof errors.JOSEError)
    return refused("The token is not a token of this server: it cannot be read.");
  return error;
}

const refused = (detail: string) => new PerdureError("unauthorized", detail);

function isSubject(value: unknown): value is string {
  return isText(value) && value.length <= MAX_SUBJECT_LENGTH;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
