/** The Worker that `perdure serve` runs inside workerd. */

import { equalSecrets, LoginDO } from "perdure/auth";
import type { AssetServer } from "perdure/http";
import { connectionGate, createApp, sessionGate } from "perdure/http";
import { PerdureError } from "perdure/protocol";
import type { GatewayPolicy } from "perdure/session";
import { SessionDO as Session, SessionIndexDO as SessionIndex } from "perdure/session";

export { LoginDO };

/** What the configuration of workerd binds. */
interface Env {
  readonly SESSION_DO: DurableObjectNamespace<SessionDO>;
  readonly SESSION_INDEX: DurableObjectNamespace<SessionIndexDO>;
  readonly LOGINS: DurableObjectNamespace<LoginDO>;
  /** The console's files. */
  readonly ASSETS: AssetServer;
  /** Signs every token. */
  readonly PERDURE_SECRET: string;
  /** Known to the process that started this one, and to nobody else. */
  readonly PERDURE_ADMIN_SECRET: string;
  /** Values of `Host` that are answered. */
  readonly PERDURE_ALLOWED_HOSTS: readonly string[];
  /** Other origins whose pages may use the server: that of a proxy which speaks https, for example. */
  readonly PERDURE_ALLOWED_ORIGINS?: readonly string[];
  readonly PERDURE_MAX_CONNECTIONS: number;
  readonly PERDURE_MAX_ACTIVE_SESSIONS: number;
  readonly PERDURE_COOKIE: string;
  /** The gateway of this server, where it has one. */
  readonly GATEWAY?: Fetcher;
}

/** A session that reports its open sockets to the gates of this process. */
export class SessionDO extends Session {
  /** The way out leads to the gateway that this server was started with, and nowhere else. */
  protected override gateways(): GatewayPolicy {
    const { GATEWAY } = this.env as Pick<Env, "GATEWAY">;
    return {
      ...super.gateways(),
      ...(GATEWAY !== undefined && { fetch: (request: Request) => GATEWAY.fetch(request) }),
    };
  }

  protected override onConnectionsChanged(count: number): void {
    const { name } = this.ctx.id;
    if (name === undefined) return;
    connectionGate.report(name, count);
    sessionGate.report(name, count);
  }
}

/** How the gate of connections names a list: no id of a session begins so. */
const LIST = "list:";

/** A list that reports its open sockets to the gate of this process. */
export class SessionIndexDO extends SessionIndex {
  protected override onConnectionsChanged(count: number): void {
    const { name } = this.ctx.id;
    if (name !== undefined) connectionGate.report(`${LIST}${name}`, count);
  }
}

const app = createApp<Env>({
  sessions: (env) => env.SESSION_DO,
  index: (env) => env.SESSION_INDEX,
  logins: (env) => env.LOGINS,
  // One machine has few people, and each object in memory holds files open.
  loginPlacement: { objects: 1 },
  assets: (env) => env.ASSETS,
  secrets: (env) => env.PERDURE_SECRET,
  allowedHosts: (env) => env.PERDURE_ALLOWED_HOSTS,
  allowedOrigins: (env) => env.PERDURE_ALLOWED_ORIGINS,
  maxConnections: (env) => env.PERDURE_MAX_CONNECTIONS,
  maxActiveSessions: (env) => env.PERDURE_MAX_ACTIVE_SESSIONS,
  cookieName: (env) => env.PERDURE_COOKIE,
});

// workerd does not exit while a stream is open: the process that wants it to has every reader sent away first.
app.post("/_perdure/drain", async (c) => {
  const given = c.req.header("authorization")?.replace(/^bearer +/i, "") ?? "";
  if (!(await equalSecrets(given, c.env.PERDURE_ADMIN_SECRET)))
    throw new PerdureError(
      "unauthorized",
      "Only the process that started the server may drain it.",
    );
  connectionGate.refuse();
  const { SESSION_DO, SESSION_INDEX } = c.env;
  const drained = connectionGate.sessions.map((name) =>
    name.startsWith(LIST)
      ? SESSION_INDEX.getByName(name.slice(LIST.length)).drain()
      : SESSION_DO.getByName(name).drain(),
  );
  await Promise.allSettled(drained);
  return c.body(null, 204);
});

export default { fetch: app.fetch };
