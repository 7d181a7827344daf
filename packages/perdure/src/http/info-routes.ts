/** What a session is: look at it, change its metadata. */

import { Hono } from "hono/tiny";
import type { JsonObject } from "../protocol/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";
import { badRequest } from "./body.ts";
import type { CommandBody, SentCommand } from "./command-route.ts";
import { execute, sentCommand } from "./command-route.ts";
import { valueOf } from "../session/index.ts";
import { body, json } from "./typed-route.ts";

/** Metadata: of `PATCH` to merge shallowly, where a null deletes its key, and of `PUT` all that is to be there. */
export interface MetaBody extends CommandBody {
  readonly meta: JsonObject;
}

/** `GET` and `PATCH /sessions/:id`, `GET` and `PUT /sessions/:id/meta`. */
export function infoRoutes(access: Access) {
  return new Hono<SessionRouteEnv>()
    .get("/sessions/:id", access.allow("describe"), async (c) => {
      const { call, identity } = c.var.perdure;
      return json(valueOf(await call((stub) => stub.describe(identity))));
    })
    .patch(
      "/sessions/:id",
      access.allow("set-meta"),
      body<SentCommand, MetaBody>((body) => changeOf(body, {})),
      async (c) => json(await execute(c.var.perdure, c.req.valid("json"))),
    )
    .get("/sessions/:id/meta", access.allow("read"), async (c) => {
      const { call, identity } = c.var.perdure;
      const { meta } = valueOf(await call((stub) => stub.describe(identity)));
      return json({ meta });
    })
    .put(
      "/sessions/:id/meta",
      access.allow("set-meta"),
      body<SentCommand, MetaBody>((body) => changeOf(body, { replace: true })),
      async (c) => json(await execute(c.var.perdure, c.req.valid("json"))),
    );
}

function changeOf(body: JsonObject, how: { readonly replace?: true }): SentCommand {
  const { meta } = body;
  if (meta === undefined) throw badRequest("`meta` is missing: an object, where null deletes");
  return sentCommand(body, { op: "set-meta", patch: meta, ...how });
}
