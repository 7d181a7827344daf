/** The sessions of an owner: list them, create one. */

import { isUpgrade, openObjectSocket, socketResponse } from "../object/index.ts";
import { Hono } from "hono/tiny";
import type { TypedResponse } from "hono";
import type { Gateway, JsonObject, ListOptions, SessionPage } from "../protocol/index.ts";
import { asRequest, parseGateway, parseListFilter } from "../protocol/index.ts";
import { SESSIONS_QUERY } from "../directory/index.ts";
import type { ShardSocketMeta } from "../shard/index.ts";
import type { Lifetime } from "../session/index.ts";
import { parseLifetime } from "../session/index.ts";
import type { Access, CallerRouteEnv } from "./access.ts";
import { requireRole } from "./access.ts";
import { optionalText } from "./body.ts";
import { defined, wholeNumber } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { newSessionId, parseSessionId } from "./session-id.ts";
import { body, json, query } from "./typed-route.ts";

/** Longest title, in UTF-16 units: one line of a list. */
export const MAX_TITLE_LENGTH = 200;

/** What a list's socket may use, whoever has it. */
const LIST_SOCKET: ShardSocketMeta = { identity: null, functions: [SESSIONS_QUERY] };

/** `GET /sessions` and `POST /sessions`. */
export function directoryRoutes(access: Access) {
  return new Hono<CallerRouteEnv>()
    .get("/sessions", access.allowEverywhere("list"), query(listingOf), async (c) => {
      const { identity } = c.var.perdure;
      const { owner = identity.subject, ...options } = c.req.valid("query");
      // Another's list is for those who may do everything with every session anyway.
      if (owner !== identity.subject) requireRole(identity.role, "create");
      const list = access.listOf(c, owner);
      if (!isUpgrade(c.req.raw)) return json(await list.list(options));
      const webSocket = await access.connect(c, () =>
        openObjectSocket(list, { ...identity, kind: "shard", meta: LIST_SOCKET }),
      );
      return socketResponse(c.req.raw, webSocket) as PageOrSocket;
    })
    .post("/sessions", access.allowEverywhere("create"), body(creationOf), async (c) => {
      const { callOf, identity } = c.var.perdure;
      const { id = newSessionId(), title, gateway, lifetime } = c.req.valid("json");
      const call = callOf(id);
      const info = valueOf(
        await call((stub) =>
          stub.create(identity, { id, ...defined({ title, gateway, lifetime }) }),
        ),
      );
      const location = `${c.req.path.replace(/\/$/, "")}/${id}`;
      return json(info, info.created ? 201 : 200, { location });
    });
}

/** A page, or a socket, which a typed client does not open here: `perdure/client/list` does. */
type PageOrSocket = Response & TypedResponse<SessionPage, 200, "json">;

/** Which list, and what of it; the owner is the caller where none is named. */
interface ListQuery extends ListOptions {
  readonly owner?: string;
}

function listingOf(given: Readonly<Partial<Record<string, string>>>): ListQuery {
  const { owner, limit, before, lifecycle, status } = given;
  const filter = asRequest(() => parseListFilter({ lifecycle, status }));
  return defined({ owner, limit: wholeNumber(limit, "limit"), before, ...filter });
}

/** A session to create; without an id it gets one. */
function creationOf(body: JsonObject): {
  readonly id?: string;
  readonly title?: string;
  readonly gateway?: Gateway;
  readonly lifetime?: Lifetime;
} {
  const id = body["id"] === undefined ? undefined : parseSessionId(body["id"]);
  const gateway = body["gateway"] === undefined ? undefined : parseGateway(body["gateway"]);
  const lifetime = body["lifetime"] === undefined ? undefined : parseLifetime(body["lifetime"]);
  return defined({ id, title: optionalText(body, "title", MAX_TITLE_LENGTH), gateway, lifetime });
}
