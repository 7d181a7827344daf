/** The whole of an MCP endpoint on Workers for a server of the official SDK: a new server for each request, and sessions that resume. */

import { env as moduleEnv } from "cloudflare:workers";
import type { AuthInfo } from "@modelcontextprotocol/sdk/server/auth/types.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type {
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  MessageExtraInfo,
} from "@modelcontextprotocol/sdk/types.js";
import { callObject, namespaceOf } from "../../object/index.ts";
import { DEFAULT_BINDING, DurableObjectSessionManager } from "../durable-object-session-manager.ts";
import type { McpHandler } from "../durable-mcp.ts";
import type { GuardOptions } from "../guards.ts";
import type { ClientFacts } from "../kept-session.ts";
import { clientMessage, refusal } from "../json-rpc.ts";
import type { Authenticate } from "../mcp-endpoint-options.ts";
import { McpEndpoint } from "../mcp-endpoint.ts";
import { sessionName } from "../placement.ts";
import type { RequestContext } from "../request-context.ts";
import { currentRequest, inRequest } from "../request-context.ts";
import type { SessionRpc } from "../rpc.ts";
import { messageEvent } from "../sse.ts";
import { corsHeaders } from "./cors.ts";
import { messageOf } from "./message-of.ts";
import { RequestTransport } from "./request-transport.ts";
import { initializeParams, keepFacts } from "./server-facts.ts";

/** A server of the SDK: an `McpServer`, or a `Server`. */
export interface SdkServer {
  /** Takes messages of a transport from now on. */
  connect(transport: Transport): Promise<void>;
  /** Takes none any more. */
  close(): Promise<void>;
}

/** What a server is made for. */
export interface SdkServerContext<Env> {
  /** The session's id. */
  readonly session: string;
  /** The client's request. Its body is read already. */
  readonly request: Request;
  /** The Worker's bindings. */
  readonly env: Env;
}

/** What `durableSdk` is made with. */
export interface DurableSdkOptions<Env = unknown> extends GuardOptions {
  /** Makes a server with all its tools; called for each request of a client's, because in the next another isolate may have to answer. */
  readonly server: (context: SdkServerContext<Env>) => SdkServer | Promise<SdkServer>;
  /** Path of the endpoint; `/mcp` by default, `null` for every path. Any other gets 404. */
  readonly path?: string | null | undefined;
  /** Binding of `SyncLayer`; default `TMCP_DURABLE_OBJECT`. */
  readonly binding?: string | undefined;
  /** As of `durableMcp`: who sends a request; null refuses it with 401. A session belongs to the subject that initialized it. */
  readonly authenticate?: Authenticate<Env> | undefined;
  /** What handlers get as `extra.authInfo`. */
  readonly authInfo?:
    | ((request: Request, env: Env) => AuthInfo | undefined | Promise<AuthInfo | undefined>)
    | undefined;
  /** Secret of session ids, of at least 32 bytes. Default: one that is made once and kept in a registry. */
  readonly secret?: string | ((env: Env) => string) | undefined;
  /** After how long a client is to come back where a stream ends, in milliseconds; 1 s by default. */
  readonly retryMs?: number | undefined;
}

/** A notification of a server's. */
export interface SdkNotification {
  /** Such as `notifications/tools/list_changed`. */
  readonly method: string;
  readonly params?: object | undefined;
}

/** A Worker's default export, and what reaches clients outside of their requests. */
export interface SdkHandler<Env = unknown> extends McpHandler<Env> {
  /** Sends a notification to all sessions, connected or not. Resolves when it is stored. */
  notifyAll(notification: SdkNotification): Promise<void>;
  /** Tells every session that has subscribed to a resource that it was updated. Resolves when that is stored. */
  resourceUpdated(uri: string): Promise<void>;
}

/**
 * An MCP endpoint for a server of `@modelcontextprotocol/sdk`, whose sessions live in Durable Objects and resume after whatever ends: a connection, a
 * Worker, an object. Export what it returns as the Worker's default, and `SyncLayer` of `perdure/mcp` beside it.
 */
export function durableSdk<Env = unknown>(options: DurableSdkOptions<Env>): SdkHandler<Env> {
  const { binding = DEFAULT_BINDING, path = "/mcp", retryMs = 1_000 } = options;
  const manager = new DurableObjectSessionManager(binding);
  const adapter = new SdkAdapter(options, manager, binding);
  const endpoint = new McpEndpoint<Env>({
    binding,
    path,
    retryMs,
    allowedHosts: options.allowedHosts,
    allowedOrigins: options.allowedOrigins,
    authenticate: options.authenticate,
    secret: options.secret,
    respond: async (request, original, env) => {
      if (path !== null && new URL(request.url).pathname !== path) return null;
      return adapter.respond(request, original, env);
    },
  });
  return {
    fetch: (request, env, ctx) => endpoint.fetch(request, env, ctx),
    notifyAll: (notification) => manager.send(undefined, eventOf(notification)),
    resourceUpdated: async (uri) => {
      const sessions = await manager.info.getSubscriptions(uri);
      const method = "notifications/resources/updated";
      await manager.send(sessions, eventOf({ method, params: { uri } }));
    },
  };
}

/** Answers the requests that an endpoint lets through, each with a server of its own. */
class SdkAdapter<Env> {
  readonly #options: DurableSdkOptions<Env>;
  readonly #manager: DurableObjectSessionManager;
  readonly #binding: string;
  /** The transports of requests that are being worked on: where answers to their questions go. */
  readonly #working = new WeakMap<RequestContext, RequestTransport>();

  constructor(
    options: DurableSdkOptions<Env>,
    manager: DurableObjectSessionManager,
    binding: string,
  ) {
    this.#options = options;
    this.#manager = manager;
    this.#binding = binding;
  }

  async respond(request: Request, original: Request, env: Env): Promise<Response> {
    const response = await this.#respond(request, original, env).catch((error: unknown) => {
      console.error("The MCP server failed before it worked on a request:", error);
      return refusal(500, "The server failed to work on this request.");
    });
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(corsHeaders(original))) headers.set(name, value);
    return new Response(response.body, { status: response.status, headers });
  }

  async #respond(request: Request, original: Request, env: Env): Promise<Response> {
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    if (request.method !== "POST") return refusal(405, "This endpoint takes POST, GET and DELETE.");
    const text = await request.text();
    const context = currentRequest();
    if (context === undefined) return refuseOther(text, request.headers);
    const working = this.#working.get(context);
    if (working !== undefined) {
      working.take(JSON.parse(text) as JSONRPCMessage);
      return new Response(null, { status: 202 });
    }
    const refused = refuseHeaders(request.headers);
    if (refused !== undefined) return refused;
    const message = messageOf(text);
    if (message === undefined)
      return refusal(400, "The `params` of this message, its `_meta` or its id is none of MCP's.");
    // The server of the request that it cancels was told.
    if (message.method === "notifications/cancelled") return new Response(null, { status: 202 });
    return this.#work(context, message, request, original, env);
  }

  async #work(
    context: RequestContext,
    message: JSONRPCRequest | JSONRPCNotification,
    request: Request,
    original: Request,
    env: Env,
  ): Promise<Response> {
    const { id: session, facts } = context;
    const transport = this.#transport(session);
    const server = await this.#options.server({ session, request: original, env });
    await server.connect(transport);
    if (message.method !== "initialize") {
      const version = await this.#restore(transport, facts);
      if (version === undefined)
        return refusal(400, "This session is not initialized: its first request must be.");
      if ((request.headers.get("mcp-protocol-version") ?? version) !== version)
        return refusal(400, `This session speaks version ${version} of MCP.`);
    }
    const authInfo = await this.#options.authInfo?.(original, env);
    const extra: MessageExtraInfo = {
      requestInfo: {
        headers: Object.fromEntries(request.headers.entries()),
        url: new URL(request.url),
      },
      ...(authInfo === undefined ? {} : { authInfo }),
      ...(context.closeStream === undefined ? {} : { closeSSEStream: context.closeStream }),
    };
    if (!("id" in message)) {
      transport.take(message, extra);
      // What a handler says at once is stored before the client hears that its notification has arrived.
      await new Promise((resolve) => setTimeout(resolve));
      return new Response(null, { status: 202 });
    }
    this.#working.set(context, transport);
    request.signal.addEventListener("abort", () => void transport.close());
    const headers = { "content-type": "text/event-stream", "mcp-session-id": session };
    const begin = () => inRequest(context, () => transport.take(message, extra));
    return new Response(transport.serve(message, begin), { headers });
  }

  /** Brings a new server to where the session is; answers the version that it speaks, undefined where there is none yet. */
  async #restore(transport: RequestTransport, facts: ClientFacts): Promise<string | undefined> {
    if (facts.clientCapabilities === undefined) return undefined;
    const answer = await transport.ask("initialize", initializeParams(facts));
    if ("error" in answer)
      throw new Error(`The MCP server has refused its own session: ${answer.error.message}`);
    const { logLevel: level } = facts;
    // A server that was deployed meanwhile may have no log any more.
    if (level !== undefined) await transport.ask("logging/setLevel", { level });
    return String(answer.result["protocolVersion"]);
  }

  #transport(session: string): RequestTransport {
    const call = <T>(work: (stub: SessionRpc) => Promise<T>) =>
      callObject(
        namespaceOf<SessionRpc>(moduleEnv, this.#binding, "SyncLayer"),
        sessionName(session),
        work,
      );
    return new RequestTransport(session, {
      notify: (json) => this.#manager.send([session], messageEvent(json)),
      keep: (request: JSONRPCRequest) => keepFacts(request, call),
    });
  }
}

/** What is no message of a session's: batches, what is no JSON-RPC, and the 2026 revision, which this SDK does not know. */
function refuseOther(text: string, headers: Headers): Response {
  if (clientMessage(text, headers).kind === "sessionless")
    return refusal(400, "This server knows no revision of MCP without sessions: initialize one.");
  return refusal(400, "Send one JSON-RPC 2.0 message; there are no batches.");
}

/** What Streamable HTTP asks of the headers of a POST. */
function refuseHeaders(headers: Headers): Response | undefined {
  const accept = headers.get("accept") ?? "";
  if (!/text\/event-stream|\*\/\*/.test(accept))
    return refusal(406, "Messages are answered with Server-Sent Events: accept text/event-stream.");
  if (!/^application\/json\s*(?:;|$)/i.test(headers.get("content-type") ?? ""))
    return refusal(415, "A message is JSON: its Content-Type must be application/json.");
  return undefined;
}

function eventOf({ method, params }: SdkNotification): string {
  return messageEvent(JSON.stringify({ jsonrpc: "2.0", method, params }));
}
