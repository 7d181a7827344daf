/** Upgrades: a reader's socket and a runner's. */

import type { Context, MiddlewareHandler, TypedResponse } from "hono";
import { Hono } from "hono/tiny";
import type { Connection } from "../object/index.ts";
import { isUpgrade, openObjectSocket, socketResponse } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";

/** Hono's client opens such a route with `$ws`. */
type Socket = Response & TypedResponse<object, 101, "ws">;

/** `GET /sessions/:id/ws` and `GET /sessions/:id/runner`. */
export function socketRoutes(access: Access) {
  const connect = async (
    c: Context<SessionRouteEnv>,
    connection: Pick<Connection, "kind" | "role">,
  ) => {
    const { call, identity } = c.var.perdure;
    const webSocket = await access.connect(c, () =>
      call((stub) => openObjectSocket(stub, { ...identity, ...connection })),
    );
    return socketResponse(c.req.raw, webSocket) as Socket;
  };
  return new Hono<SessionRouteEnv>()
    .get("/sessions/:id/ws", access.allow("read"), requireUpgrade, (c) =>
      connect(c, { kind: "reader", role: c.var.perdure.identity.role }),
    )
    .get("/sessions/:id/runner", access.allow("run"), requireUpgrade, (c) =>
      // Whoever comes as the runner, the object only ever meets a runner.
      connect(c, { kind: "runner", role: "runner" }),
    );
}

const requireUpgrade: MiddlewareHandler = async (c, next) => {
  if (!isUpgrade(c.req.raw) || c.req.method !== "GET")
    throw new PerdureError("upgrade_required", "This path is a WebSocket: connect with ws or wss.");
  await next();
};
