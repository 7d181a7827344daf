/** The app: every route, what stands before it, and what becomes of an error. */

import { Hono } from "hono/tiny";
import { cors } from "hono/cors";
import { authenticate } from "./access.ts";
import { serveAsset } from "./assets.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { connectionGate } from "./connection-gate.ts";
import { checkHost, isAllowedOrigin, isUpgrade } from "./credential.ts";
import { addEventRoutes } from "./event-routes.ts";
import { addLoginRoutes } from "./login-routes.ts";
import type { App, AppContext, AppEnv, AppOptions } from "./options.ts";
import { errorBehind, errorResponse } from "./problem.ts";
import { json, notFound, resource } from "./resource.ts";
import type { SessionGate } from "./session-gate.ts";
import { sessionGate } from "./session-gate.ts";
import { addSessionRoutes } from "./session-routes.ts";
import { addSocketRoutes } from "./socket-routes.ts";
import { addTokenRoutes } from "./token-routes.ts";

/** First segments of the paths that are never the console's. */
const RESERVED = new Set(["v1", "health", "login", "logout", "_perdure"]);

/**
 * Makes the Hono app whose `fetch` is a Worker's. Tokens that cannot be verified, a foreign page's requests and foreign
 * host names never reach an object.
 *
 * @param options Where to find everything in the Worker's `env`.
 * @param connections Counts and limits connections; the process has one.
 * @param sessions Counts and limits sessions that are awake; the process has one.
 */
export function createApp<Env>(
  options: AppOptions<Env>,
  connections: ConnectionGate = connectionGate,
  sessions: SessionGate = sessionGate,
): App<Env> {
  const app = new Hono<AppEnv<Env>>();
  app.onError((error, c) => answerError(error, c));
  app.notFound((c) => serveOther(c, options).catch((error: unknown) => answerError(error, c)));

  app.use("*", async (c, next) => {
    checkHost(c, options);
    await next();
  });
  const answerOtherOrigins = cors({
    origin: (origin, c) => (isAllowedOrigin(c, options, origin) ? origin : undefined),
    allowMethods: ["GET", "HEAD", "POST", "PATCH"],
    allowHeaders: ["authorization", "content-type", "last-event-id"],
    exposeHeaders: ["location", "retry-after"],
    credentials: true,
  });
  // A browser asks no leave for a WebSocket: there the origin is checked with the token.
  app.use("/v1/*", (c, next) => (isUpgrade(c.req.raw) ? next() : answerOtherOrigins(c, next)));
  app.use("/v1/*", async (c, next) => {
    await authenticate(c, options);
    await next();
  });

  resource(app, "/health", { GET: () => json({ status: "ok" }) });
  addLoginRoutes(app, options);
  addTokenRoutes(app, options);
  addSessionRoutes(app, options, sessions);
  addEventRoutes(app, options, connections, sessions);
  addSocketRoutes(app, options, connections, sessions);
  return app;
}

/** Everything that is no route: a file of the console, or nothing. */
async function serveOther<Env>(c: AppContext<Env>, options: AppOptions<Env>): Promise<Response> {
  const [, segment = ""] = c.req.path.split("/");
  const assets = options.assets?.(c.env);
  return assets === undefined || RESERVED.has(segment) ? notFound() : serveAsset(c, assets);
}

/** The log gets what failed and where, never a URL: one may hold a token. */
function answerError<Env>(error: unknown, c: AppContext<Env>): Response {
  const known = errorBehind(error);
  if (known.code === "internal") {
    const [, segment = ""] = c.req.path.split("/");
    console.error(`perdure: ${c.req.method} /${RESERVED.has(segment) ? segment : ""}`, error);
  }
  return errorResponse(known);
}
