/** What `createAuth` takes and gives. */

import type { TokenReference } from "../protocol/index.ts";
import type { AuthSessionNamespace, PlacementOptions } from "./placement.ts";
import type { AuthSession, WithFields } from "./rpc.ts";

/** How the cookie of a session is made. It is always `HttpOnly`. */
export interface CookieOptions {
  /** Default `session`. Over https `__Host-` comes before it, or `__Secure-` where there is a domain or a path. */
  readonly name?: string | undefined;
  /** For all hosts below a domain. Default: for the one host that sets it. */
  readonly domain?: string | undefined;
  /** The path that it is for, and all below. Default `/`. */
  readonly path?: string | undefined;
  /** Default `Lax`: a link from elsewhere opens the app logged in. */
  readonly sameSite?: "Lax" | "Strict" | undefined;
  /** Default: where the request's URL is https. Say true where something in front of the Worker ends TLS. */
  readonly secure?: boolean | undefined;
}

/** A session that has ended before its time. */
export interface EndedSession {
  readonly userId: string;
  /** The session; null: all of the user's. */
  readonly id: string | null;
}

/** How logins work in an app. */
export interface AuthOptions<Env, Fields extends object = object> extends PlacementOptions {
  /** The binding of `AuthSessionDO`, or of a class that extends it. */
  readonly binding: (env: Env) => AuthSessionNamespace<Fields>;
  /** How long a session is good without use, in seconds: 1 to 2,592,000; default 604,800. */
  readonly ttlSeconds?: number | undefined;
  /** Default: one named `session`. False: none, the app has the token elsewhere. */
  readonly cookie?: CookieOptions | false | undefined;
  /** Origins besides the server's own whose pages may use a cookie to change something; none by default. */
  readonly allowedOrigins?: ((env: Env) => readonly string[] | undefined) | undefined;
  /** Hears of sessions that were ended by one of these methods, after their sockets were told. */
  readonly onRevoke?: ((ended: EndedSession, env: Env) => void | Promise<void>) | undefined;
}

/** Who logs in, with the fields that the class keeps. */
export type NewLogin<Fields extends object = object> = {
  /** 1 to 256 UTF-16 units. */
  readonly userId: string;
  /** Seconds for this one; default: those of `createAuth`. */
  readonly ttlSeconds?: number | undefined;
} & WithFields<Fields>;

/** A session and the headers that the answer needs: `set-cookie` where something about the cookie changes. */
export interface Answered<Session> {
  readonly session: Session;
  readonly headers: Readonly<Record<string, string>>;
}

/** A new session. */
export interface Issued<Fields extends object = object> extends Answered<AuthSession<Fields>> {
  /** For an app without cookies. It is stored nowhere. */
  readonly token: string;
}

/** An object in which a socket of the session is about to open. */
export interface SocketPlace {
  /** The name of the object's binding, the same in the `env` of the auth session's class. */
  readonly binding: string;
  /** The object's name; default: the user's id. */
  readonly name?: string | undefined;
}

/** Who opens a socket, as `connectionRoutes` and `sessionRoutes` take it (the latter with a `role`). */
export interface SocketIdentity {
  /** The user's id. */
  readonly subject: string;
  /** Milliseconds since 1970 at which the socket is closed. */
  readonly expiresAt: number;
  /** The session, by whose id its sockets are closed when it ends. */
  readonly token: TokenReference;
}
