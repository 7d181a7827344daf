/** The lifecycle of a session: pause, resume, terminate, erase. */

import { Hono } from "hono/tiny";
import type { Access, SessionRouteEnv } from "./access.ts";
import type { CommandBody, SentCommand } from "./command-route.ts";
import { execute, sentCommand } from "./command-route.ts";
import { valueOf } from "../session/index.ts";
import { body, json } from "./typed-route.ts";

/** `POST /sessions/:id/pause`, `…/resume` and `…/terminate`; `DELETE /sessions/:id`. */
export function lifecycleRoutes(access: Access) {
  return new Hono<SessionRouteEnv>()
    .delete("/sessions/:id", access.allow("erase"), async (c) => {
      const { call, identity } = c.var.perdure;
      valueOf(await call((stub) => stub.erase(identity)));
      return c.body(null, 204);
    })
    .post("/sessions/:id/pause", access.allow("pause"), commandBody("pause"), async (c) =>
      json(await execute(c.var.perdure, c.req.valid("json"))),
    )
    .post("/sessions/:id/resume", access.allow("resume"), commandBody("resume"), async (c) =>
      json(await execute(c.var.perdure, c.req.valid("json"))),
    )
    .post(
      "/sessions/:id/terminate",
      access.allow("terminate"),
      commandBody("terminate"),
      async (c) => json(await execute(c.var.perdure, c.req.valid("json"))),
    );
}

const commandBody = (op: "pause" | "resume" | "terminate") =>
  body<SentCommand, CommandBody>((body) => sentCommand(body, { op }));
