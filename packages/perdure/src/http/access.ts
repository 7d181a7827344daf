/** From a token to what it opens. */

import type { Action } from "../auth/index.ts";
import { EVERY_SESSION, identityOf, opensSession, permits, verifyToken } from "../auth/index.ts";
import type { Identity } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { checkOrigin, credentialOf } from "./credential.ts";
import type { AppContext, AppOptions, SessionStub } from "./options.ts";
import type { SessionGate } from "./session-gate.ts";
import { parseSessionId } from "./session-id.ts";

/** A session that the caller may use. */
export interface OpenSession {
  readonly id: string;
  readonly identity: Identity;
  readonly call: SessionCall;
}

/** Calls a session's object where that may be awake. Throws `unavailable` where no more may be. */
export type SessionCall = <T>(call: (stub: SessionStub) => Promise<T>) => Promise<T>;

/** Reads and verifies the request's token. Throws `bad_origin` or `unauthorized`. */
export async function authenticate<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
): Promise<void> {
  const credential = credentialOf(c, options);
  checkOrigin(c, options, credential);
  if (credential === undefined)
    throw new PerdureError(
      "unauthorized",
      "The request carries no token: log in, or send one in the Authorization header.",
    );
  c.set("claims", await verifyToken(options.secrets(c.env), credential.token));
}

/** The session of the path. Throws `forbidden` where the token is for another one or its role does not permit the action. */
export function openSession<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  gate: SessionGate,
  action: Action,
): OpenSession {
  const id = parseSessionId(c.req.param("id"));
  const claims = c.get("claims");
  requireRole(c, action);
  if (!opensSession(claims, id))
    throw new PerdureError("forbidden", "The token is for another session: get one for this one.");
  return { id, identity: identityOf(claims), call: sessionCall(c, options, gate, id) };
}

/** The way to the object of a session, whoever asks. */
export function sessionCall<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  gate: SessionGate,
  id: string,
): SessionCall {
  return (call) =>
    gate.admit(id, options.maxActiveSessions?.(c.env), () =>
      call(options.sessions(c.env).getByName(id)),
    );
}

/** Throws `forbidden` where the token is for one session only. */
export function requireEverySession<Env>(c: AppContext<Env>): void {
  if (c.get("claims").session === EVERY_SESSION) return;
  throw new PerdureError(
    "forbidden",
    "The token is for one session only: use that session's routes, or a token for every session.",
  );
}

/** Throws `forbidden` where the role of the token does not permit the action. */
export function requireRole<Env>(c: AppContext<Env>, action: Action): void {
  const { role } = c.get("claims");
  if (!permits(role, action))
    throw new PerdureError("forbidden", `The role ${role} does not permit this: ${action}.`, {
      role,
      action,
    });
}
