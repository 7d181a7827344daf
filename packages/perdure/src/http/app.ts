/** The app: every route, what stands before it, and what becomes of an error. */

import { isUpgrade } from "../object/index.ts";
import { cors } from "hono/cors";
import { Hono } from "hono/tiny";
import { serveAsset } from "./assets.ts";
import { authenticate, holderOf } from "./authenticate.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { connectionGate } from "./connection-gate.ts";
import { checkHost } from "./credential.ts";
import { joinRoutes } from "./join-routes.ts";
import { watchStream } from "./logins.ts";
import { loginRoutes } from "./login-routes.ts";
import { notFound, refuseOtherMethods } from "./methods.ts";
import type { AppContext, AppEnv, AppOptions } from "./options.ts";
import { answerError } from "./problem.ts";
import type { SessionGate } from "./session-gate.ts";
import { sessionGate } from "./session-gate.ts";
import { sessionRoutes } from "./session-routes.ts";
import { tokenRoutes } from "./token-routes.ts";
import { json } from "./typed-route.ts";

/** First segments of the paths that are never the console's. */
const RESERVED = new Set(["v1", "health", "login", "logout", "join", "_perdure"]);

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
) {
  const base = new Hono<AppEnv<Env>>();
  base.onError(answerError);
  base.notFound((c) => serveOther(c, options).catch((error: unknown) => answerError(error, c)));

  base.use("*", async (c, next) => {
    checkHost(c, options);
    await next();
  });
  const answerOtherOrigins = cors({
    origin: (origin, c: AppContext<Env>) =>
      options.allowedOrigins?.(c.env)?.includes(origin) ? origin : undefined,
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ["authorization", "content-type", "last-event-id"],
    exposeHeaders: ["location", "retry-after"],
    credentials: true,
  });
  // A browser asks no leave for a WebSocket: there the origin is checked with the token.
  base.use("/v1/*", (c, next) => (isUpgrade(c.req.raw) ? next() : answerOtherOrigins(c, next)));
  base.use("/v1/*", async (c, next) => {
    await authenticate(c, options);
    await next();
  });

  const own = new Hono<AppEnv<Env>>()
    .get("/health", () => json({ status: "ok" }))
    .route("/", loginRoutes(options))
    .route("/", joinRoutes(options, sessions))
    .route("/v1", tokenRoutes(options));
  refuseOtherMethods(own);
  const routes = sessionRoutes<AppEnv<Env>>({
    ...options,
    binding: options.sessions,
    async authorize(c, { session }) {
      const holder = holderOf(c.var.claims, session);
      await watchStream(c, options, session);
      return holder;
    },
    connections,
    activeSessions: sessions,
  });
  return base.route("/", own).route("/v1", routes);
}

/** Everything that is no route: a file of the console, or nothing. */
async function serveOther<Env>(c: AppContext<Env>, options: AppOptions<Env>): Promise<Response> {
  const [, segment = ""] = c.req.path.split("/");
  const assets = options.assets?.(c.env);
  return assets === undefined || RESERVED.has(segment) ? notFound() : serveAsset(c, assets);
}
