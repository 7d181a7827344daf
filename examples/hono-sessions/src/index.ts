/** Sessions in a Hono app of one's own: its login in front, its routes beside those of sessions. */

import { Hono } from "hono";
import { validator } from "hono/validator";
import { answerError, sessionRoutes } from "perdure/http";
import type { AppEnv } from "./login.ts";
import { allow, login } from "./login.ts";

export { SessionIndexDO } from "perdure/session";
export { RatedSession } from "./rated-session.ts";

const app = new Hono<AppEnv>()
  .get("/health", (c) => c.json({ status: "ok" }))
  .use("/api/*", login)
  .route(
    "/api",
    sessionRoutes<AppEnv>({
      binding: "SESSION_DO",
      index: "SESSION_INDEX",
      authorize: (c) => c.var.user,
    }),
  )
  // What the library has no route for: methods of the class, called by RPC.
  .get("/api/sessions/:id/summary", allow("read"), async (c) => {
    const session = c.env.SESSION_DO.getByName(c.req.param("id"));
    const [meta, latest, running] = await Promise.all([
      session.getSessionMeta(),
      session.getRecentMessages(3),
      session.listTasks({ status: "running" }),
    ]);
    return c.json({
      meta,
      latest: latest.map(({ id, role }) => ({ id, role })),
      running: running.map(({ title, progress }) => ({ title, progress })),
    });
  })
  .post(
    "/api/sessions/:id/ratings",
    allow("prompt"),
    validator("json", ({ stars }: { stars: number }) => ({ stars })),
    async (c) => {
      const session = c.env.SESSION_DO.getByName(c.req.param("id"));
      return c.json(await session.rate(c.req.valid("json").stars));
    },
  );

app.onError(answerError);

/** What Hono's client needs to know: `hc<App>(url)`. */
export type App = typeof app;

export default app;
