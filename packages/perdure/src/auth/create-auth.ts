/** Logins of an app: from a request to a session, and what an app does with sessions. */

import type { MiddlewareHandler } from "hono";
import type { Clock } from "../object/index.ts";
import { checkOrigin, isUpgrade, systemClock } from "../object/index.ts";
import type {
  Answered,
  AuthOptions,
  CookieOptions,
  Issued,
  NewLogin,
  SocketIdentity,
  SocketPlace,
} from "./auth-options.ts";
import type { AuthEnv, Guard, GuardedSession, GuardOptions, SessionHandler } from "./guard.ts";
import { guarded, middleware } from "./guard.ts";
import { PerdureError } from "../protocol/index.ts";
import { Placement } from "./placement.ts";
import { parseSessionToken, SESSION_DO_TTL_DEFAULT } from "./record.ts";
import type { AuthSession, NewSession, OpenedSession } from "./rpc.ts";
import { newSessionToken } from "./record-routes.ts";
import type { RequestToken } from "./session-cookie.ts";
import { cookieOf, tokenIn } from "./session-cookie.ts";

/** A session slides when this part of its time has passed since it last did: seven days at most once in 21 hours. */
const SLIDING_PART = 1 / 8;

/** A login changes with the answer: nothing keeps it. */
const NO_STORE = { "cache-control": "no-store" };

/** An open session with where its token came from. */
interface Found<Fields extends object> extends RequestToken {
  readonly opened: OpenedSession<Fields>;
}

/** The logins of an app. Make one with `createAuth`. */
export class Auth<Env, Fields extends object = object> {
  readonly #options: AuthOptions<Env, Fields>;
  readonly #cookie: CookieOptions | false;
  readonly #clock: Clock;

  /** @param clock Default: the machine's time. */
  constructor(options: AuthOptions<Env, Fields>, clock: Clock = systemClock) {
    this.#options = options;
    this.#cookie = options.cookie ?? {};
    this.#clock = clock;
  }

  /**
   * Logs somebody in whom the app has recognized: a new session, and its cookie in `headers`.
   *
   * @throws `bad_origin` where a foreign page is behind the request: it would log its visitor in as somebody else.
   */
  async issue(request: Request, env: Env, login: NewLogin<Fields>): Promise<Issued<Fields>> {
    if (request.headers.has("origin"))
      checkOrigin(request, this.#options.allowedOrigins?.(env), true, false);
    const token = newSessionToken();
    const ttlSeconds = login.ttlSeconds ?? this.#options.ttlSeconds ?? SESSION_DO_TTL_DEFAULT;
    const placement = this.#placement(env);
    await placement.create({ ...login, token, ttlSeconds } as unknown as NewSession<Fields>);
    const opened = await placement.open(token);
    if (opened === null) throw new TypeError("A session that was just made is gone.");
    return {
      token,
      session: sessionOf(opened),
      headers: { ...NO_STORE, ...this.#setCookie(request, token, ttlSeconds * 1000) },
    };
  }

  /**
   * The session of a request; null where there is none. Writes nothing.
   *
   * @throws `bad_origin` where the request stands on a cookie, may change something, and is not of a page that may.
   */
  async read(request: Request, env: Env): Promise<AuthSession<Fields> | null> {
    const found = await this.#find(request, env);
    return found === null ? null : sessionOf(found.opened);
  }

  /**
   * The session of a request, which slides where an eighth of its time has passed since it last did: then the cookie is new, too. Null
   * where there is none.
   *
   * @throws What `read` throws.
   */
  async refresh(request: Request, env: Env): Promise<Answered<AuthSession<Fields>> | null> {
    const found = await this.#find(request, env);
    if (found === null) return null;
    const { opened, token, isCookie } = found;
    const session = sessionOf(opened);
    const slidAt = session.expiresAt - opened.ttlMs;
    if (this.#clock.now() - slidAt < opened.ttlMs * SLIDING_PART) return { session, headers: {} };
    const touched = await this.#placement(env).touch(token);
    if (touched === null) return null;
    return {
      session: { ...touched, id: opened.id },
      headers: isCookie ? this.#setCookie(request, token, opened.ttlMs) : {},
    };
  }

  /**
   * Gives the session of a request another token, as is due when somebody gets more rights; the old one is refused at once. Null where
   * there is none.
   *
   * @throws `bad_origin`, also for a `GET`.
   */
  async rotate(request: Request, env: Env): Promise<Issued<Fields> | null> {
    const found = await this.#find(request, env, false);
    const rotated = found && (await this.#placement(env).rotate(found.token));
    if (found === null || rotated === null) return null;
    const { token, record } = rotated;
    return {
      token,
      session: { ...record, id: found.opened.id },
      headers: {
        ...NO_STORE,
        ...this.#setCookie(request, token, record.expiresAt - this.#clock.now()),
      },
    };
  }

  /**
   * Ends the session of a request, closes its sockets everywhere, and takes the cookie back. Without a session only the latter.
   *
   * @throws `bad_origin`, also for a `GET`.
   */
  async signOut(request: Request, env: Env): Promise<Answered<AuthSession<Fields> | null>> {
    const found = await this.#find(request, env, false);
    const session = found === null ? null : sessionOf(found.opened);
    if (found !== null && session !== null) {
      await this.#placement(env).revoke(found.token);
      await this.#options.onRevoke?.({ userId: session.userId, id: session.id }, env);
    }
    return { session, headers: { ...NO_STORE, ...this.#setCookie(request, "", 0) } };
  }

  /**
   * Ends all sessions of the user whose session the request has, as `signOut` does one.
   *
   * @throws `bad_origin`, also for a `GET`.
   */
  async signOutEverywhere(
    request: Request,
    env: Env,
  ): Promise<Answered<AuthSession<Fields> | null>> {
    const found = await this.#find(request, env, false);
    const session = found === null ? null : sessionOf(found.opened);
    if (session !== null) await this.revokeAll(env, session.userId);
    return { session, headers: { ...NO_STORE, ...this.#setCookie(request, "", 0) } };
  }

  /** The sessions of a user, newest first, for a page that shows them. */
  list(env: Env, userId: string): Promise<readonly AuthSession<Fields>[]> {
    return this.#placement(env).list(userId);
  }

  /** Ends one session of a user by the id that `list` has. @returns Whether there was one. */
  async revoke(env: Env, userId: string, id: string): Promise<boolean> {
    const isEnded = await this.#placement(env).revokeById(userId, id);
    if (isEnded) await this.#options.onRevoke?.({ userId, id }, env);
    return isEnded;
  }

  /** Ends all sessions of a user: after a change of the password, or when somebody leaves. @returns How many. */
  async revokeAll(env: Env, userId: string): Promise<number> {
    const count = await this.#placement(env).revokeAll(userId);
    await this.#options.onRevoke?.({ userId, id: null }, env);
    return count;
  }

  /**
   * Who asks, for routes that open sockets: `authenticate` of `connectionRoutes`, and with a role of `sessionRoutes`. Null where there
   * is no session.
   *
   * @param place The object in which an upgrade opens its socket. It is remembered, so that the socket is closed when the session
   * ends; without it the socket is closed when the session's time is over.
   * @throws What `read` throws.
   */
  async authenticate(
    request: Request,
    env: Env,
    place?: SocketPlace,
  ): Promise<SocketIdentity | null> {
    const found = await this.#find(request, env);
    if (found === null) return null;
    const { id, record } = found.opened;
    if (place !== undefined && isUpgrade(request) && !(await this.#watch(found, env, place)))
      return null;
    const token = { id, issuedAt: record.createdAt };
    return { subject: record.userId, expiresAt: record.expiresAt, token };
  }

  /**
   * Remembers an object in which a socket of the request's session, or a stream of events, is about to open, so that the object is told
   * when the session ends. `authenticate` does it by itself where it gets a place.
   *
   * @returns Whether there is such a session.
   * @throws What `read` throws.
   */
  async watch(request: Request, env: Env, place: SocketPlace): Promise<boolean> {
    const found = await this.#find(request, env);
    return found !== null && this.#watch(found, env, place);
  }

  /**
   * Middleware for Hono: `c.var.session` is the session, slid where that is due; without one the answer is `unauthorized`, or with
   * `optional` it is null.
   */
  middleware<Optional extends boolean = false>(
    options: GuardOptions<Optional> = {},
  ): MiddlewareHandler<AuthEnv<Env, GuardedSession<Fields, Optional>>> {
    return middleware(this.#guard(options));
  }

  /** A Worker's `fetch` for those who are logged in: as `middleware`, for a Worker without Hono. */
  handler<Context = unknown, Optional extends boolean = false>(
    handle: SessionHandler<Env, GuardedSession<Fields, Optional>, Context>,
    options: GuardOptions<Optional> = {},
  ): (request: Request, env: Env, ctx: Context) => Promise<Response> {
    return guarded(this.#guard(options), handle);
  }

  #guard<Optional extends boolean>({
    optional,
  }: GuardOptions<Optional>): Guard<Env, GuardedSession<Fields, Optional>> {
    return async (request, env) => {
      const answered = await this.refresh(request, env);
      if (answered !== null) return answered;
      if (optional === true)
        return { session: null as GuardedSession<Fields, Optional>, headers: {} };
      throw new PerdureError("unauthorized", "Nobody is logged in: log in, and ask again.");
    };
  }

  async #find(request: Request, env: Env, isReading?: boolean): Promise<Found<Fields> | null> {
    const given = tokenIn(request, this.#cookie);
    const origins = this.#options.allowedOrigins?.(env);
    checkOrigin(request, origins, given?.isCookie === true, isReading);
    if (given === undefined || !isToken(given.token)) return null;
    const opened = await this.#placement(env).open(given.token);
    return opened === null ? null : { ...given, opened };
  }

  #watch({ token, opened }: Found<Fields>, env: Env, place: SocketPlace): Promise<boolean> {
    const object = { binding: place.binding, name: place.name ?? opened.record.userId };
    return this.#placement(env).watch(token, object);
  }

  #placement(env: Env): Placement<Fields> {
    return new Placement(this.#options.binding(env), this.#options);
  }

  #setCookie(request: Request, token: string, maxAgeMs: number): Readonly<Record<string, string>> {
    return this.#cookie === false
      ? {}
      : { "set-cookie": cookieOf(request, this.#cookie, token, maxAgeMs) };
  }
}

/**
 * Makes the logins of an app over `AuthSessionDO`: cookies or bearer tokens of 256 random bits, spread over several objects.
 *
 * ```ts
 * const auth = createAuth({ binding: (env: Env) => env.SESSION_DO });
 * ```
 *
 * @throws `RangeError` at the first use where a number of objects makes no sense.
 */
export function createAuth<Env, Fields extends object = object>(
  options: AuthOptions<Env, Fields>,
): Auth<Env, Fields> {
  return new Auth(options);
}

function sessionOf<Fields extends object>(opened: OpenedSession<Fields>): AuthSession<Fields> {
  return { ...opened.record, id: opened.id };
}

/** What cannot be a token is none, whoever made it up. */
function isToken(text: string): boolean {
  try {
    parseSessionToken(text);
    return true;
  } catch {
    return false;
  }
}
