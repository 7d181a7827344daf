/** The sessions of an owner: list them, create one. */

import { Hono } from "hono/tiny";
import type { Gateway, JsonObject } from "../protocol/index.ts";
import { parseGateway } from "../protocol/index.ts";
import type { Access, CallerRouteEnv } from "./access.ts";
import { requireRole } from "./access.ts";
import { optionalText } from "./body.ts";
import { defined, wholeNumber } from "./fields.ts";
import { valueOf } from "./result.ts";
import { newSessionId, parseSessionId } from "./session-id.ts";
import { body, json, query } from "./typed-route.ts";

/** Longest title, in UTF-16 units: one line of a list. */
const MAX_TITLE_LENGTH = 200;

/** `GET /sessions` and `POST /sessions`. */
export function directoryRoutes(access: Access) {
  return new Hono<CallerRouteEnv>()
    .get("/sessions", access.allowEverywhere("list"), query(listingOf), async (c) => {
      const { subject, role } = c.var.perdure.identity;
      const { owner = subject, limit, before } = c.req.valid("query");
      // Another's list is for those who may do everything with every session anyway.
      if (owner !== subject) requireRole(role, "create");
      return json(await access.listOf(c, owner).list(defined({ limit, before })));
    })
    .post("/sessions", access.allowEverywhere("create"), body(creationOf), async (c) => {
      const { callOf, identity } = c.var.perdure;
      const { id = newSessionId(), title, gateway } = c.req.valid("json");
      const call = callOf(id);
      const info = valueOf(
        await call((stub) => stub.create(identity, { id, ...defined({ title, gateway }) })),
      );
      const location = `${c.req.path.replace(/\/$/, "")}/${id}`;
      return json(info, info.created ? 201 : 200, { location });
    });
}

/** Which list, and from where; the owner is the caller where none is named. */
function listingOf({ owner, limit, before }: Readonly<Partial<Record<string, string>>>): {
  readonly owner?: string;
  readonly limit?: number;
  readonly before?: string;
} {
  return defined({ owner, limit: wholeNumber(limit, "limit"), before });
}

/** A session to create; without an id it gets one. */
function creationOf(body: JsonObject): {
  readonly id?: string;
  readonly title?: string;
  readonly gateway?: Gateway;
} {
  const id = body["id"] === undefined ? undefined : parseSessionId(body["id"]);
  const gateway = body["gateway"] === undefined ? undefined : parseGateway(body["gateway"]);
  return defined({ id, title: optionalText(body, "title", MAX_TITLE_LENGTH), gateway });
}
