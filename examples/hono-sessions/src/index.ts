/** Sessions over HTTP: Hono in front, one Durable Object with SQLite for each session. */

import { Hono } from "hono";
import { ERROR_STATUS, isErrorCode } from "perdure/protocol";

export { SessionDO } from "perdure/session";
export { RatedSession } from "./rated-session.ts";

const app = new Hono<{ Bindings: Env }>();

app.get("/health", (c) => c.json({ status: "ok" }));

app.get("/sessions/:id/meta", async (c) => {
  const session = c.env.SESSION_DO.getByName(c.req.param("id"));
  return c.json(await session.getSessionMeta());
});

app.patch("/sessions/:id/meta", async (c) => {
  const session = c.env.SESSION_DO.getByName(c.req.param("id"));
  // The session refuses what is not an object; what is not even JSON is refused with it.
  return c.json(await session.setSessionMeta(await c.req.json().catch(() => null)));
});

app.get("/sessions/:id/messages", async (c) => {
  const session = c.env.SESSION_DO.getByName(c.req.param("id"));
  return c.json(await session.getRecentMessages(Number(c.req.query("limit")) || undefined));
});

app.get("/sessions/:id/health", (c) =>
  c.env.SESSION_DO.getByName(c.req.param("id")).fetch("http://session/health"),
);

app.post("/rated/:id/ratings", async (c) => {
  const session = c.env.RATED_SESSION_DO.getByName(c.req.param("id"));
  return c.json(await session.rate(Number(c.req.query("stars"))));
});

app.onError((error, c) => {
  // Over RPC an error keeps its code, but not its class.
  if ("code" in error && isErrorCode(error.code))
    return c.json({ code: error.code, detail: error.message }, ERROR_STATUS[error.code]);
  console.error(error);
  return c.json({ code: "internal", detail: "The server failed to handle this." }, 500);
});

export default app;
