/** What an app needs to know of the Worker that it runs in. */

import type { Context } from "hono";
import type {
  Auth,
  AuthSessionNamespace,
  LoginFields,
  PlacementOptions,
  Secrets,
  TokenClaims,
} from "../auth/index.ts";
import type { SessionIndexNamespace, SessionNamespace } from "./session-routes-options.ts";

/** Whatever serves files by path: the `ASSETS` binding of Cloudflare, or workerd's disk service. */
export interface AssetServer {
  /** Answers 404 for a path that has no file. */
  fetch(request: Request): Promise<Response>;
}

/** How to find everything in the Worker's `env`. */
export interface AppOptions<Env> {
  /** The binding of the sessions' class. */
  readonly sessions: (env: Env) => SessionNamespace;
  /** The binding of `SessionIndexDO`: the lists of owners. */
  readonly index: (env: Env) => SessionIndexNamespace;
  /** The binding of `LoginDO`: who is logged in, and who is a guest. Without it there are signed tokens alone, and nobody logs in. */
  readonly logins?: (env: Env) => AuthSessionNamespace<LoginFields>;
  /** Over how many objects logins are spread; see `createAuth`. */
  readonly loginPlacement?: PlacementOptions;
  /**
   * What `sessions` and `index` are called among the bindings of `LoginDO`, so that sockets are closed when their login ends. Default:
   * `SESSION_DO` and `SESSION_INDEX`.
   */
  readonly bindingNames?: { readonly sessions?: string; readonly index?: string };
  /** The secrets of tokens: the first signs, all verify. Each has at least 32 bytes. */
  readonly secrets: (env: Env) => Secrets;
  /**
   * Values of `Host` that are answered, as `name` or `name:port`; undefined, the default: any. A server that anyone on the
   * machine can reach needs the list, because a foreign page may point a name of its own at it (DNS rebinding).
   */
  readonly allowedHosts?: (env: Env) => readonly string[] | undefined;
  /** Origins besides the server's own whose pages may use it; none by default. */
  readonly allowedOrigins?: (env: Env) => readonly string[] | undefined;
  /** Name of the cookie; `perdure-PORT` by default, because cookies ignore ports. */
  readonly cookieName?: (env: Env) => string | undefined;
  /** The console's files; without them every path that is no route is `not_found`. */
  readonly assets?: (env: Env) => AssetServer | undefined;
  /** Open sockets and event streams of this process past which new ones are refused; undefined, the default: no limit. */
  readonly maxConnections?: (env: Env) => number | undefined;
  /**
   * Sessions of this process that may be awake past which a request to a further one is refused; undefined, the default: no
   * limit, as on Cloudflare's network. One counts while it has connections, and for 12 s after its last request.
   */
  readonly maxActiveSessions?: (env: Env) => number | undefined;
}

/** What a request carries through the app. */
export interface AppEnv<Env> {
  Bindings: Env & object;
  Variables: {
    claims: TokenClaims;
    /** Missing where the request carries a signed token. */
    login?: Auth<Env, LoginFields>;
  };
}

/** A request and what belongs to it. */
export type AppContext<Env> = Context<AppEnv<Env>>;
