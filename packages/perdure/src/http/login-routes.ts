/** The login page's exchange: a token from the URL becomes a login with its cookie, and the URL is left behind. */

import { Hono } from "hono/tiny";
import { EVERY_SESSION, verifyLoginToken } from "../auth/index.ts";
import { badRequest } from "./body.ts";
import { LOGIN_SECONDS, ownersOf } from "./logins.ts";
import type { AppEnv, AppOptions } from "./options.ts";

/** The token was in the URL: nothing may keep the URL or pass it on. */
const LEAVE_NO_TRACE = { "referrer-policy": "no-referrer", "cache-control": "no-store" };

/** `GET /login?token=…&next=…` and `POST /logout`, with `?everywhere` for all logins of whoever asks. */
export function loginRoutes<Env>(options: AppOptions<Env>) {
  return new Hono<AppEnv<Env>>()
    .get("/login", async (c) => {
      const owners = ownersOf(c, options);
      const { subject: userId } = await verifyLoginToken(
        options.secrets(c.env),
        c.req.query("token") ?? "",
      );
      const location = nextOf(c.req.query("next"), c.req.url);
      const { headers } = await owners.issue(c.req.raw, c.env, {
        userId,
        ttlSeconds: LOGIN_SECONDS,
        fields: { session: EVERY_SESSION, role: "admin", invitation: null, until: null },
      });
      return c.body(null, 303, { ...headers, location, ...LEAVE_NO_TRACE });
    })
    .post("/logout", async (c) => {
      const owners = ownersOf(c, options);
      const { headers } =
        c.req.query("everywhere") === undefined
          ? await owners.signOut(c.req.raw, c.env)
          : await owners.signOutEverywhere(c.req.raw, c.env);
      return c.body(null, 204, { ...headers, ...LEAVE_NO_TRACE });
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
