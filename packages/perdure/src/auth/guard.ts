/** What stands before an app's own routes: who is logged in, and the cookie that goes out again. */

import type { MiddlewareHandler } from "hono";
import { errorBehind, problemResponse } from "../object/index.ts";
import type { Answered } from "./auth-options.ts";
import type { AuthSession } from "./rpc.ts";

/** Who may pass. */
export interface GuardOptions<Optional extends boolean> {
  /** Whether also those may pass who are not logged in; default false. */
  readonly optional?: Optional | undefined;
}

/** The session of whoever has passed; null for nobody, where that may pass. */
export type GuardedSession<Fields extends object, Optional extends boolean> = Optional extends true
  ? AuthSession<Fields> | null
  : AuthSession<Fields>;

/** Routes behind `auth.middleware()`. */
export interface AuthEnv<Env, Session = AuthSession> {
  Bindings: Env & object;
  Variables: { session: Session };
}

/** A Worker's handler that is told who asks. */
export type SessionHandler<Env, Session = AuthSession, Context = unknown> = (
  request: Request,
  env: Env,
  session: Session,
  ctx: Context,
) => Response | Promise<Response>;

/** Lets pass or throws. */
export type Guard<Env, Session> = (request: Request, env: Env) => Promise<Answered<Session>>;

/** See `Auth.middleware`. */
export function middleware<Env, Session>(
  guard: Guard<Env, Session>,
): MiddlewareHandler<AuthEnv<Env, Session>> {
  return async (c, next) => {
    const answered = await attempt(() => guard(c.req.raw, c.env));
    if (answered instanceof Response) return answered;
    c.set("session", answered.session);
    await next();
    const cookie = answered.headers["set-cookie"];
    if (cookie !== undefined && takesCookie(c.res, cookie))
      c.header("set-cookie", cookie, { append: true });
    return undefined;
  };
}

/** See `Auth.handler`. */
export function guarded<Env, Session, Context>(
  guard: Guard<Env, Session>,
  handle: SessionHandler<Env, Session, Context>,
): (request: Request, env: Env, ctx: Context) => Promise<Response> {
  return async (request, env, ctx) => {
    const answered = await attempt(() => guard(request, env));
    if (answered instanceof Response) return answered;
    const response = await attempt(() => handle(request, env, answered.session, ctx));
    const cookie = answered.headers["set-cookie"];
    if (cookie === undefined || !takesCookie(response, cookie)) return response;
    const answer = new Response(response.body, response);
    answer.headers.append("set-cookie", cookie);
    return answer;
  };
}

/** What work gives, or the answer to what it throws. Nothing of the request is logged. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T | Response> {
  try {
    return await work();
  } catch (thrown) {
    const error = errorBehind(thrown);
    if (error.code === "internal") console.error("perdure: a request failed", thrown);
    return problemResponse(
      error,
      error.code === "unauthorized" ? { "www-authenticate": "Bearer" } : {},
    );
  }
}

/** Not the answer to an upgrade, whose headers are fixed, nor one that says something else about the same cookie. */
function takesCookie(response: Response, cookie: string): boolean {
  const [name = ""] = cookie.split("=");
  const said = response.headers.getSetCookie();
  return response.status !== 101 && !said.some((one) => one.startsWith(`${name}=`));
}
