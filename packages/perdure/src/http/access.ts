/** Who is let through to which session: what stands before every route of a session. */

import type { Context, Env, MiddlewareHandler, TypedResponse } from "hono";
import { MAX_SUBJECT_LENGTH, parseRole, permits } from "../auth/index.ts";
import type { Action, Secrets } from "../auth/index.ts";
import type { Identity } from "../object/index.ts";
import { callObject, checkOrigin, isSentByBrowser } from "../object/index.ts";
import type { Role } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import type { ProblemDocument, ProblemStatus } from "./problem.ts";
import type { SessionGate } from "./session-gate.ts";
import { parseSessionId } from "./session-id.ts";
import type {
  AuthorizedIdentity,
  Authorize,
  SessionIndexNamespace,
  SessionNamespace,
  SessionStub,
} from "./session-routes-options.ts";

/** Calls a session's object where that may be awake. Throws `unavailable` where no more may be. */
export type SessionCall = <T>(call: (stub: SessionStub) => Promise<T>) => Promise<T>;

/** A session that the caller may use: `c.var.perdure` in every route of one session. */
export interface OpenSession {
  readonly id: string;
  readonly identity: Identity;
  readonly call: SessionCall;
}

/** A caller who may do it with every session: `c.var.perdure` in a route of no one session. */
export interface Caller {
  readonly identity: Identity;
  /** The way to the object of any session. */
  readonly callOf: (session: string) => SessionCall;
}

/** What a route of one session finds in its context. */
export interface SessionRouteEnv {
  Variables: { perdure: OpenSession };
}

/** What a route of no one session finds in its context. */
export interface CallerRouteEnv {
  Variables: { perdure: Caller };
}

/** Any route may be answered with a problem. */
type Refusal = Response & TypedResponse<ProblemDocument, ProblemStatus, "json">;

/** What `Access` is made of; each is asked anew for every request. */
export interface AccessOptions<E extends Env> {
  readonly sessions: (c: Context<E>) => SessionNamespace;
  readonly index: (c: Context<E>) => SessionIndexNamespace | undefined;
  readonly authorize: Authorize<E>;
  readonly secrets: (c: Context<E>) => Secrets | undefined;
  readonly allowedOrigins: (c: Context<E>) => readonly string[] | undefined;
  readonly maxConnections: (c: Context<E>) => number | undefined;
  readonly maxActiveSessions: (c: Context<E>) => number | undefined;
  readonly connections: ConnectionGate;
  readonly activeSessions: SessionGate;
}

/** The door of all routes: `allow` and `allowEverywhere` are the first handler of each. */
export class Access<E extends Env = Env> {
  readonly #options: AccessOptions<E>;

  constructor(options: AccessOptions<E>) {
    this.#options = options;
  }

  /** For a path with `:id`: lets those pass who may do this with the session. The object is not reached before. */
  allow(action: Action): MiddlewareHandler<SessionRouteEnv, string, object, Refusal> {
    return async (c, next) => {
      const id = parseSessionId(c.req.param("id"));
      const identity = await this.#identify(c, id, action);
      c.set("perdure", { id, identity, call: this.#callOf(c, id) });
      await next();
    };
  }

  /** For a path without `:id`: lets those pass who may do this with whatever session. */
  allowEverywhere(action: Action): MiddlewareHandler<CallerRouteEnv, string, object, Refusal> {
    return async (c, next) => {
      const identity = await this.#identify(c, null, action);
      c.set("perdure", { identity, callOf: (session) => this.#callOf(c, session) });
      await next();
    };
  }

  /** The list of an owner's sessions. Throws `not_found` where the server keeps none. */
  listOf(c: Context, owner: string): ReturnType<SessionIndexNamespace["getByName"]> {
    const index = this.#options.index(c);
    if (index === undefined)
      throw new PerdureError("not_found", "This server keeps no list of sessions.");
    return index.getByName(owner);
  }

  /** The secrets that sign links. Throws `not_found` where the app gave none. */
  secretsOf(c: Context): Secrets {
    const secrets = this.#options.secrets(c);
    if (secrets === undefined)
      throw new PerdureError("not_found", "This server signs no invitations: it has no `secrets`.");
    return secrets;
  }

  /** Opens a connection where one more fits. Throws `too_many_connections` or `unavailable`. */
  connect<T>(c: Context, open: () => Promise<T>): Promise<T> {
    return this.#options.connections.admit(this.#options.maxConnections(c), open);
  }

  async #identify(c: Context, session: string | null, action: Action): Promise<Identity> {
    checkOrigin(c.req.raw, this.#options.allowedOrigins(c), isSentByBrowser(c.req.raw));
    const identity = await this.#options.authorize(c, { session, action });
    if (identity === null)
      throw new PerdureError("unauthorized", "Nobody is logged in: log in, and ask again.");
    const { subject, role, expiresAt = null, token } = checked(identity);
    // Who may mint a runner's token may come as the runner at once.
    const isOwnRunner = action === "run" && permits(role, "mint-token");
    if (!isOwnRunner) requireRole(role, action);
    return { subject, role, expiresAt, ...(token === undefined ? {} : { token }) };
  }

  #callOf(c: Context, id: string): SessionCall {
    const { activeSessions, maxActiveSessions, sessions } = this.#options;
    // All that the routes ask for may be repeated: reads, commands with an id, and connections.
    return (call) =>
      activeSessions.admit(id, maxActiveSessions(c), () => callObject(sessions(c), id, call));
  }
}

/** What `authorize` answered; it may have come from a database and be anything. */
function checked(identity: AuthorizedIdentity): AuthorizedIdentity {
  const { subject, role } = identity;
  if (typeof subject !== "string" || subject === "" || subject.length > MAX_SUBJECT_LENGTH)
    throw new TypeError(`authorize: \`subject\` has 1 to ${MAX_SUBJECT_LENGTH} characters.`);
  if (parseRole(role) === undefined)
    throw new TypeError("authorize: `role` is one of viewer, participant, runner, admin.");
  return identity;
}

/** Throws `forbidden` where the role does not permit the action. */
export function requireRole(role: Role, action: Action): void {
  if (!permits(role, action))
    throw new PerdureError("forbidden", `The role ${role} does not permit this: ${action}.`, {
      role,
      action,
    });
}
