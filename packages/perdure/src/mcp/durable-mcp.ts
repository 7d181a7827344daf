/** The whole of an MCP endpoint on Workers: sessions that resume, around a transport that knows nothing of it. */

import type { HttpTransport, HttpTransportOptions } from "@tmcp/transport-http";
import type { Authenticate } from "./mcp-endpoint-options.ts";
import { McpEndpoint } from "./mcp-endpoint.ts";
import { DEFAULT_BINDING, DurableObjectSessionManager } from "./durable-object-session-manager.ts";
import type { GuardOptions } from "./guards.ts";

/** A transport: `HttpTransport` of `@tmcp/transport-http`, or anything that answers a request with Server-Sent Events as it does. */
export interface McpTransport {
  respond(request: Request, custom?: unknown): Promise<Response | null>;
}

/** The server of `tmcp`. */
type McpServer = ConstructorParameters<typeof HttpTransport>[0];

/** What `durableMcp` is made with. */
export interface DurableMcpOptions<Env = unknown> extends GuardOptions {
  /** The server, where `options` say how its transport is made. */
  readonly server?: McpServer | undefined;
  /**
   * A transport that was made with a `DurableObjectSessionManager`. Without one, `HttpTransport` is made for `server`, and
   * `@tmcp/transport-http` must be installed.
   */
  readonly transport?: McpTransport | undefined;
  /** Options of the `HttpTransport` that is made: `oauth`, `cors`. */
  readonly options?:
    | Omit<
        HttpTransportOptions,
        | "path"
        | "sessionManager"
        | "subscriptionManager"
        | "getSessionId"
        | "allowedOrigins"
        | "disableSse"
      >
    | undefined;
  /** Path of the endpoint; `/mcp` by default, `null` for every path. The transport must have the same. */
  readonly path?: string | null | undefined;
  /** Binding of `SyncLayer`; default `TMCP_DURABLE_OBJECT`. */
  readonly binding?: string | undefined;
  /**
   * Who sends a request; null refuses it with 401. A session belongs to the subject that initialized it, and nobody else finds it. Default:
   * everybody is nobody in particular, and whoever knows a session's id may use it.
   */
  readonly authenticate?: Authenticate<Env> | undefined;
  /** What tools get as `server.ctx.custom`. */
  readonly custom?: ((request: Request, env: Env) => unknown) | undefined;
  /** Secret of session ids, of at least 32 bytes. Default: one that is made once and kept in a registry. */
  readonly secret?: string | ((env: Env) => string) | undefined;
  /** After how long a client is to come back where a stream ends, in milliseconds; 1 s by default. */
  readonly retryMs?: number | undefined;
}

/** A Worker's default export. */
export interface McpHandler<Env = unknown> {
  /** Answers every request to the Worker; those to other paths are the transport's, as those of its OAuth are. */
  fetch(
    request: Request,
    env: Env,
    ctx: { waitUntil(promise: Promise<unknown>): void },
  ): Promise<Response>;
}

/**
 * An MCP endpoint whose sessions live in Durable Objects and resume after whatever ends: a connection, a Worker, an object. Export what it
 * returns as the Worker's default, and `SyncLayer` beside it.
 */
export function durableMcp<Env = unknown>(options: DurableMcpOptions<Env>): McpHandler<Env> {
  const { binding = DEFAULT_BINDING, path = "/mcp", retryMs = 1_000 } = options;
  let made: McpTransport | undefined = options.transport;
  const endpoint = new McpEndpoint<Env>({
    binding,
    path,
    retryMs,
    allowedHosts: options.allowedHosts,
    allowedOrigins: options.allowedOrigins,
    authenticate: options.authenticate,
    secret: options.secret,
    respond: async (request, original, env) => {
      const custom = options.custom?.(original, env);
      // Of several first requests one makes it: each that is made hears of what its server says.
      if (made === undefined) {
        const Transport = await httpTransport();
        made ??= makeTransport(Transport, options);
      }
      return made.respond(request, custom);
    },
  });
  return { fetch: (request, env, ctx) => endpoint.fetch(request, env, ctx) };
}

async function httpTransport(): Promise<typeof HttpTransport> {
  const imported = await import("@tmcp/transport-http").catch((error: unknown) => {
    throw new TypeError(
      "durableMcp makes an HttpTransport: install @tmcp/transport-http, or pass a `transport`.",
      { cause: error },
    );
  });
  return imported.HttpTransport;
}

function makeTransport<Env>(
  Transport: typeof HttpTransport,
  { server, options, path = "/mcp", binding = DEFAULT_BINDING }: DurableMcpOptions<Env>,
): McpTransport {
  if (server === undefined)
    throw new TypeError("durableMcp needs a `transport`, or a `server` to make one for.");
  const manager = new DurableObjectSessionManager(binding);
  return new Transport(server, {
    ...options,
    path,
    // The endpoint has looked at the origin before.
    allowedOrigins: true,
    sessionManager: manager,
    subscriptionManager: manager.subscriptionManager,
  });
}
