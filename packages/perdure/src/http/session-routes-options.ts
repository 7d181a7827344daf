/** What the routes of sessions need to know of the app that they are mounted into. */

import type { Context, Env } from "hono";
import type { Action, Secrets } from "../auth/index.ts";
import type { SocketHost } from "../object/index.ts";
import type { Role, TokenReference } from "../protocol/index.ts";
import type { SessionIndexRpc, SessionRpc } from "../session/index.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import type { SessionGate } from "./session-gate.ts";

/** The stub of a session: its methods, and upgrades by `fetch`. */
export type SessionStub = SessionRpc & SocketHost;

/** A `DurableObjectNamespace<SessionDO>`, or anything with the one method that the routes call. */
export interface SessionNamespace {
  getByName(id: string): SessionStub;
}

/** A `DurableObjectNamespace<SessionIndexDO>`; its objects are named by the subject of the owner. */
export interface SessionIndexNamespace {
  getByName(owner: string): SessionIndexRpc & SocketHost;
}

/** The environment of an app with bindings. */
export interface BoundEnv extends Env {
  Bindings: object;
}

/** What a request asks for. */
export interface AccessRequest {
  /** Id of the session of the path; null in a route of no one session: listing and creating. */
  readonly session: string | null;
  /** What the identity's role will have to permit. */
  readonly action: Action;
}

/** Who asks: decided by the app, once for each request. */
export interface AuthorizedIdentity {
  /** 1 to 256 UTF-16 units; it is kept with what the caller does, and owns the sessions that the caller creates. */
  readonly subject: string;
  readonly role: Role;
  /** Milliseconds since 1970 after which the caller's sockets are closed; null or absent: never. */
  readonly expiresAt?: number | null | undefined;
  /** The token that lets the caller in, where there is one: it can then be revoked by its id or its invitation. */
  readonly token?: TokenReference | undefined;
}

/**
 * Says who asks, or null for nobody: `unauthorized`. It runs before any object is reached. What the identity's role does not
 * permit is refused after it; what it throws is the answer: a `PerdureError` with its status, an `HTTPException` as it is,
 * anything else as `internal`.
 */
export type Authorize<E extends Env> = (
  c: Context<E>,
  request: AccessRequest,
) => AuthorizedIdentity | null | Promise<AuthorizedIdentity | null>;

/** Names of those bindings that are of a type. */
type NameOf<Bindings, Binding> = {
  [Name in keyof Bindings]-?: Bindings[Name] extends Binding ? Name : never;
}[keyof Bindings];

/** A binding: its name in `env`, or how to find it there. */
export type BindingOf<E extends BoundEnv, Binding> =
  | NameOf<E["Bindings"], Binding>
  | ((env: E["Bindings"]) => Binding);

/** How to mount the routes of sessions. */
export interface SessionRoutesOptions<E extends BoundEnv> {
  /** The binding of the sessions' class. */
  readonly binding: BindingOf<E, SessionNamespace>;
  /** Says who asks, before each request reaches an object. */
  readonly authorize: Authorize<E>;
  /** The binding of `SessionIndexDO`; without it the list of sessions is `not_found`. */
  readonly index?: BindingOf<E, SessionIndexNamespace>;
  /**
   * The secrets that sign the links of invitations; without them nobody can be invited. An app that gives them serves `/join`
   * itself, as `createApp` does.
   */
  readonly secrets?: (env: E["Bindings"]) => Secrets;
  /** Origins besides the server's own whose pages may use the routes with a cookie or a WebSocket; none by default. */
  readonly allowedOrigins?: (env: E["Bindings"]) => readonly string[] | undefined;
  /** Open sockets and event streams of this process past which new ones are refused; undefined, the default: no limit. */
  readonly maxConnections?: (env: E["Bindings"]) => number | undefined;
  /**
   * Sessions of this process that may be awake past which a request to a further one is refused; undefined, the default: no
   * limit, as on Cloudflare's network. One counts while it has connections, and for 12 s after its last request.
   */
  readonly maxActiveSessions?: (env: E["Bindings"]) => number | undefined;
  /** Counts and limits connections; the process has one. */
  readonly connections?: ConnectionGate;
  /** Counts and limits sessions that are awake; the process has one. */
  readonly activeSessions?: SessionGate;
}
