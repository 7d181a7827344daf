/** All routes of sessions, for a Hono app of one's own. */

import type { Context, Env } from "hono";
import { Hono } from "hono/tiny";
import type { AccessOptions } from "./access.ts";
import { Access } from "./access.ts";
import { approvalRoutes } from "./approval-routes.ts";
import { connectionGate } from "./connection-gate.ts";
import { copyRoutes } from "./copy-routes.ts";
import { directoryRoutes } from "./directory-routes.ts";
import { eventRoutes } from "./event-routes.ts";
import { gatewayRoutes } from "./gateway-routes.ts";
import { infoRoutes } from "./info-routes.ts";
import { lifecycleRoutes } from "./lifecycle-routes.ts";
import { messageRoutes } from "./message-routes.ts";
import { refuseOtherMethods } from "./methods.ts";
import { answerError } from "./problem.ts";
import { sessionGate } from "./session-gate.ts";
import type { BindingOf, BoundEnv, SessionRoutesOptions } from "./session-routes-options.ts";
import { sharingRoutes } from "./sharing-routes.ts";
import { socketRoutes } from "./socket-routes.ts";
import { taskRoutes } from "./task-routes.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of a Worker, as `wrangler types` writes them. */
    interface Env {}
  }
}

/**
 * The routes of sessions, to be mounted into an app: `app.route("/api", sessionRoutes({ binding: "SESSION_DO", authorize }))`
 * serves `/api/sessions`, `/api/sessions/:id/messages` and all others of docs/PROTOCOL.md. `hc<typeof app>` of `hono/client`
 * knows what each takes and answers. Errors are `application/problem+json`; a path that is no route is left to the app.
 *
 * @typeParam E The app's own environment; by default the bindings that `wrangler types` wrote.
 */
export function sessionRoutes<E extends BoundEnv = { Bindings: Cloudflare.Env }>(
  options: SessionRoutesOptions<E>,
) {
  const { binding, index, authorize } = options;
  const access: AccessOptions<E> = {
    sessions: (c) => bound(c, binding),
    index: (c) => (index === undefined ? undefined : bound(c, index)),
    authorize,
    secrets: (c) => options.secrets?.(c.env),
    allowedOrigins: (c) => options.allowedOrigins?.(c.env),
    maxConnections: (c) => options.maxConnections?.(c.env),
    maxActiveSessions: (c) => options.maxActiveSessions?.(c.env),
    connections: options.connections ?? connectionGate,
    activeSessions: options.activeSessions ?? sessionGate,
  };
  // The routes know nothing of the app's environment; what they pass on to the options is the app's own context.
  return everyRoute(new Access(access as unknown as AccessOptions<Env>));
}

/** What `sessionRoutes` makes: the type of the client is `hc<SessionRoutes>`. */
export type SessionRoutes = ReturnType<typeof everyRoute>;

/** A feature's routes are a file of their own and a line here. */
function everyRoute(access: Access) {
  const app = new Hono()
    .route("/", directoryRoutes(access))
    .route("/", infoRoutes(access))
    .route("/", messageRoutes(access))
    .route("/", approvalRoutes(access))
    .route("/", taskRoutes(access))
    .route("/", lifecycleRoutes(access))
    .route("/", sharingRoutes(access))
    .route("/", copyRoutes(access))
    .route("/", gatewayRoutes(access))
    .route("/", eventRoutes(access))
    .route("/", socketRoutes(access));
  refuseOtherMethods(app);
  app.onError(answerError);
  return app;
}

/** Throws a `TypeError` where `env` has no such binding. */
function bound<E extends BoundEnv, Binding>(
  c: Context<E>,
  binding: BindingOf<E, Binding>,
): Binding {
  const env: E["Bindings"] = c.env;
  if (typeof binding === "function") return binding(env);
  const found = env[binding];
  if (found === undefined)
    throw new TypeError(`There is no binding ${String(binding)}: add it to wrangler.jsonc.`);
  // The options take the names of such bindings only.
  return found as Binding;
}
