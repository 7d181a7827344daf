/** Upgrades: a reader's socket and a runner's. */

import { openObjectSocket } from "../dialects/index.ts";
import type { Connection } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { OpenSession } from "./access.ts";
import { openSession } from "./access.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { isUpgrade, offeredSubprotocols, SUBPROTOCOL } from "./credential.ts";
import type { App, AppContext, AppOptions } from "./options.ts";
import { resource } from "./resource.ts";
import type { SessionGate } from "./session-gate.ts";

/** Adds the routes of a session's sockets. */
export function addSocketRoutes<Env>(
  app: App<Env>,
  options: AppOptions<Env>,
  connections: ConnectionGate,
  sessions: SessionGate,
): void {
  const connect = async (
    c: AppContext<Env>,
    { call, identity }: OpenSession,
    connection: Pick<Connection, "kind" | "role">,
  ) => {
    requireUpgrade(c.req.raw);
    const webSocket = await connections.admit(options.maxConnections?.(c.env), () =>
      call((stub) => openObjectSocket(stub, { ...identity, ...connection })),
    );
    return new Response(null, { status: 101, webSocket, headers: selectSubprotocol(c.req.raw) });
  };

  resource(app, "/v1/sessions/:id/ws", {
    GET: (c) => {
      const session = openSession(c, options, sessions, "read");
      return connect(c, session, { kind: "reader", role: session.identity.role });
    },
  });
  resource(app, "/v1/sessions/:id/runner", {
    GET: (c) => {
      // Who may mint a runner's token may come as the runner at once; the object only ever meets a runner.
      const isAdmin = c.get("claims").role === "admin";
      const session = openSession(c, options, sessions, isAdmin ? "mint-token" : "run");
      return connect(c, session, { kind: "runner", role: "runner" });
    },
  });
}

function requireUpgrade(request: Request): void {
  if (isUpgrade(request) && request.method === "GET") return;
  throw new PerdureError("upgrade_required", "This path is a WebSocket: connect with ws or wss.");
}

/** A browser gives up a socket whose server selected none of the subprotocols that it offered. */
function selectSubprotocol(request: Request): Record<string, string> {
  return offeredSubprotocols(request).includes(SUBPROTOCOL)
    ? { "sec-websocket-protocol": SUBPROTOCOL }
    : {};
}
