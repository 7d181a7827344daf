/** The login page's exchange: a token from the URL becomes a cookie, and the URL is left behind. */

import { Hono } from "hono/tiny";
import { deleteCookie, setCookie } from "hono/cookie";
import { EVERY_SESSION, signingSecret, signToken, verifyLoginToken } from "../auth/index.ts";
import { checkOrigin } from "../object/index.ts";
import { badRequest } from "./body.ts";
import { cookieAttributes, cookieNameOf, credentialOf } from "./credential.ts";
import type { AppEnv, AppOptions } from "./options.ts";

/** How long a browser stays logged in: thirty days. */
const COOKIE_LIFETIME_SECONDS = 30 * 24 * 60 * 60;

/** The token was in the URL: nothing may keep the URL or pass it on. */
const LEAVE_NO_TRACE = { "referrer-policy": "no-referrer", "cache-control": "no-store" };

/** `GET /login?token=…&next=…` and `POST /logout`. */
export function loginRoutes<Env>(options: AppOptions<Env>) {
  return new Hono<AppEnv<Env>>()
    .get("/login", async (c) => {
      const secrets = options.secrets(c.env);
      const { subject } = await verifyLoginToken(secrets, c.req.query("token") ?? "");
      const token = await signToken(signingSecret(secrets), {
        subject,
        session: EVERY_SESSION,
        role: "admin",
        expiresInSeconds: COOKIE_LIFETIME_SECONDS,
      });
      const location = nextOf(c.req.query("next"), c.req.url);
      setCookie(c, cookieNameOf(c, options), token, {
        ...cookieAttributes(c),
        maxAge: COOKIE_LIFETIME_SECONDS,
      });
      return c.body(null, 303, { location, ...LEAVE_NO_TRACE });
    })
    .post("/logout", (c) => {
      const isByCookie = credentialOf(c, options)?.from === "cookie";
      checkOrigin(c.req.raw, options.allowedOrigins?.(c.env), isByCookie);
      deleteCookie(c, cookieNameOf(c, options), cookieAttributes(c));
      return c.body(null, 204, LEAVE_NO_TRACE);
    });
}

/** Where to go after the login: a path of this server. Throws `bad_request` for anything that leads elsewhere. */
function nextOf(next: string | undefined, url: string): string {
  if (next === undefined || next === "") return "/";
  const { origin } = new URL(url);
  const target = URL.canParse(next, origin) ? new URL(next, origin) : undefined;
  // A path that begins with two slashes would be read as the name of another host.
  if (!next.startsWith("/") || target?.origin !== origin || target.pathname.startsWith("//"))
    throw badRequest("`next` must be a path of this server");
  return target.pathname + target.search + target.hash;
}
