/** Tokens of invitations: what the link carries that somebody gets who is invited. Good for one thing: joining. */

import { SignJWT } from "jose";
import { PerdureError } from "../protocol/index.ts";
import type { Secrets } from "./secret.ts";
import { keyOf } from "./secret.ts";
import { verifyJwt } from "./token.ts";

/** The `aud` of an invitation: no route but the joining page takes it, and that takes no other. */
export const INVITATION_AUDIENCE = "perdure:invitation";

/** What an invitation says. */
export interface InvitationClaims {
  /** Id of the invitation, known to the session. */
  readonly id: string;
  /** Id of the session. */
  readonly session: string;
  readonly role: "viewer" | "participant";
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Signs an invitation (HS256). Throws a `RangeError` where the secret is too short. */
export async function signInvitation(secret: string, claims: InvitationClaims): Promise<string> {
  const { id, session, role, expiresAt } = claims;
  return new SignJWT({ ses: session, role })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setAudience(INVITATION_AUDIENCE)
    .setJti(id)
    .setExpirationTime(Math.floor(expiresAt / 1000))
    .sign(keyOf(secret));
}

/** Verifies an invitation with any of the secrets. Throws `unauthorized`, and never repeats the token. */
export async function verifyInvitation(secrets: Secrets, token: string): Promise<InvitationClaims> {
  // It is shown in a page.
  if (!/^[\w.-]+$/.test(token))
    throw new PerdureError("unauthorized", "The invitation cannot be read: open the whole link.");
  const { jti, ses, role, exp } = await verifyJwt(secrets, token, INVITATION_AUDIENCE);
  const isRole = role === "viewer" || role === "participant";
  if (jti === undefined || typeof ses !== "string" || !isRole || exp === undefined)
    throw new PerdureError("unauthorized", "The invitation lacks a claim: ask for another.");
  return { id: jti, session: ses, role, expiresAt: exp * 1000 };
}
