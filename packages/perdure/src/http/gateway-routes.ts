/** A session's gateway: have it called once more. */

import { Hono } from "hono/tiny";
import type { Access, SessionRouteEnv } from "./access.ts";
import type { CommandBody, SentCommand } from "./command-route.ts";
import { execute, sentCommand } from "./command-route.ts";
import { body, json } from "./typed-route.ts";

/** `POST /sessions/:id/wake`. */
export function gatewayRoutes(access: Access) {
  const command = body<SentCommand, CommandBody>((fields) => sentCommand(fields, { op: "wake" }));
  return new Hono<SessionRouteEnv>().post(
    "/sessions/:id/wake",
    access.allow("wake"),
    command,
    async (c) => json(await execute(c.var.perdure, c.req.valid("json"))),
  );
}
