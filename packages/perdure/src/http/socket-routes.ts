/** Upgrades: a reader's socket and a runner's. */

import type { Context, MiddlewareHandler, TypedResponse } from "hono";
import { Hono } from "hono/tiny";
import { openObjectSocket } from "../dialects/index.ts";
import type { Connection } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";
import { isUpgrade, offeredSubprotocols, SUBPROTOCOL } from "./upgrade.ts";

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
    const headers = selectSubprotocol(c.req.raw);
    return new Response(null, { status: 101, webSocket, headers }) as Socket;
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

/** A browser gives up a socket whose server selected none of the subprotocols that it offered. */
function selectSubprotocol(request: Request): Record<string, string> {
  return offeredSubprotocols(request).includes(SUBPROTOCOL)
    ? { "sec-websocket-protocol": SUBPROTOCOL }
    : {};
}
