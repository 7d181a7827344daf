/** Who is there: a stand-in for the app's own login. */

import { createMiddleware } from "hono/factory";
import type { Action, Role } from "perdure/protocol";
import { PerdureError, permits } from "perdure/protocol";

/** The app's environment: the bindings, and who is logged in. */
export interface AppEnv {
  Bindings: Env;
  Variables: { user: { readonly subject: string; readonly role: Role } | null };
}

/** Whoever says their name is let in as what `wrangler.jsonc` says they are. Yours asks for more than a name. */
export const login = createMiddleware<AppEnv>(async (c, next) => {
  const subject = c.req.header("authorization")?.replace(/^bearer +/i, "") ?? "";
  const roles: Readonly<Partial<Record<string, Role>>> = c.env.ROLES;
  const role = roles[subject];
  c.set("user", role === undefined ? null : { subject, role });
  await next();
});

/** For the app's own routes; those of sessions ask by themselves. */
export const allow = (action: Action) =>
  createMiddleware<AppEnv>(async (c, next) => {
    const { user } = c.var;
    if (user === null) throw new PerdureError("unauthorized", "Say who you are.");
    if (!permits(user.role, action))
      throw new PerdureError("forbidden", `The role ${user.role} does not permit this: ${action}.`);
    await next();
  });
