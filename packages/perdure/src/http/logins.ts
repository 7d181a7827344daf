/** Who is logged in: auth sessions, of browsers that may see every session, and of guests of one. */

import type { Auth, AuthSession, CookieOptions, LoginFields, TokenClaims } from "../auth/index.ts";
import { createAuth, verifyToken } from "../auth/index.ts";
import { isUpgrade } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Credential } from "./credential.ts";
import { guestCookie, ownerCookie } from "./credential.ts";
import type { AppContext, AppOptions } from "./options.ts";

/** How long a login is good without use: thirty days. */
export const LOGIN_SECONDS = 30 * 24 * 60 * 60;

/** The logins of browsers that may see every session. */
export function ownersOf<Env>(c: AppContext<Env>, options: AppOptions<Env>) {
  return loginsOf(options, ownerCookie(c, options));
}

/** The logins of guests of a session; by default of that which the request's path names. */
export function guestsOf<Env>(c: AppContext<Env>, options: AppOptions<Env>, session?: string) {
  return loginsOf(options, guestCookie(c, options, session));
}

/**
 * What a credential says. A login that is in use goes on, by a new cookie where that is due. Throws `unauthorized` where it is good for
 * nothing any more.
 */
export async function claimsOf<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  { token, from }: Credential,
): Promise<TokenClaims> {
  if (isSigned(token) || options.logins === undefined)
    return verifyToken(options.secrets(c.env), token);
  const logins = from === "guest cookie" ? guestsOf(c, options) : ownersOf(c, options);
  c.set("login", logins);
  const { raw } = c.req;
  // An upgrade's answer has the headers that the object gives it.
  if (isUpgrade(raw)) return claimsIn(await logins.read(raw, c.env));
  const answered = await logins.refresh(raw, c.env);
  for (const [name, value] of Object.entries(answered?.headers ?? {})) c.header(name, value);
  return claimsIn(answered?.session);
}

/** What an auth session says. Throws `unauthorized` where there is none, or it is over. */
export function claimsIn(session: AuthSession<LoginFields> | null | undefined): TokenClaims {
  const { until = null } = session ?? {};
  if (!session || (until !== null && until <= Date.now())) throw loginIsOver();
  const { id, userId, createdAt, invitation, role } = session;
  return {
    subject: userId,
    session: session.session,
    role,
    expiresAt: Math.min(session.expiresAt, until ?? Infinity),
    id,
    issuedAt: createdAt,
    ...(invitation === null ? {} : { invitation }),
  };
}

/**
 * Has a socket or a stream that is about to open closed when the request's login ends. Throws `unauthorized` where that was just now.
 *
 * @param session The one that it reads; null: a list.
 */
export async function watchStream<Env>(
  c: AppContext<Env>,
  { bindingNames: names = {} }: AppOptions<Env>,
  session: string | null,
): Promise<void> {
  const { login, claims } = c.var;
  const isStream =
    isUpgrade(c.req.raw) || c.req.header("accept")?.includes("text/event-stream") === true;
  if (login === undefined || !isStream) return;
  const place =
    session === null
      ? {
          binding: names.index ?? "SESSION_INDEX",
          name: c.req.query("owner") ?? claims.subject,
        }
      : { binding: names.sessions ?? "SESSION_DO", name: session };
  if (!(await login.watch(c.req.raw, c.env, place))) throw loginIsOver();
}

const loginIsOver = (): PerdureError =>
  new PerdureError("unauthorized", "The login is over, or it was none: log in again.");

function loginsOf<Env>(
  { logins, loginPlacement, allowedOrigins }: AppOptions<Env>,
  cookie: CookieOptions,
): Auth<Env, LoginFields> {
  if (logins === undefined)
    throw new PerdureError(
      "not_found",
      "Nobody logs in here: bind `LoginDO` of perdure/auth, and give it to `createApp` as `logins`.",
    );
  return createAuth({
    ...loginPlacement,
    binding: logins,
    ttlSeconds: LOGIN_SECONDS,
    cookie,
    allowedOrigins,
  });
}

/** Whether this is a signed token: those have three parts, and those of auth sessions one. */
function isSigned(token: string): boolean {
  return token.includes(".");
}
