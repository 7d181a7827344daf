/** The requests to an MCP endpoint: each finds its session, or is refused, before the server hears of it. */

import type { Namespace } from "../object/index.ts";
import { callObject, errorBehind, namespaceOf } from "../object/index.ts";
import { ERROR_STATUS } from "../protocol/index.ts";
import { guardRequest } from "./guards.ts";
import type { ClientMessage } from "./json-rpc.ts";
import { clientMessage, refusal } from "./json-rpc.ts";
import type { ClientFacts } from "./kept-session.ts";
import type { ConnectionIdentity, McpEndpointOptions } from "./mcp-endpoint-options.ts";
import { isSessionlessVersion, isUnknownVersion } from "./mcp-version.ts";
import { registryName } from "./placement.ts";
import type { RequestContext } from "./request-context.ts";
import { effectsOf, inRequest } from "./request-context.ts";
import type { RegistryRpc } from "./rpc.ts";
import { ServedRequest } from "./served-request.ts";
import { mintSessionId, verifySessionId } from "./session-id.ts";
import { sessionlessResponse } from "./sessionless.ts";
import { standaloneResponse } from "./standalone.ts";
import { newStream, placeOfEvent, STANDALONE } from "./stream-name.ts";
import type { SessionAccess, SessionStub } from "./stream-socket.ts";
import { callSession, openStreamSocket } from "./stream-socket.ts";
import { StreamWriter } from "./stream-writer.ts";

/** Longest body of a request, in bytes: the same as of an answer. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** How long a tool whose call was cancelled may clean up, in milliseconds. */
const CLEANUP_MS = 5_000;

/** The first revision whose clients know of events without a message (SEP-1699). */
const PRIMING_SINCE = "2025-11-25";

/** What the platform offers beside a request. */
interface Lifetime {
  waitUntil(promise: Promise<unknown>): void;
}

/** A request on its way. */
interface Call<Env> {
  readonly request: Request;
  readonly env: Env;
  readonly lifetime: Lifetime;
  readonly identity: ConnectionIdentity | null;
}

/** One endpoint. */
export class McpEndpoint<Env> {
  readonly #options: McpEndpointOptions<Env>;
  #secret: string | undefined;

  constructor(options: McpEndpointOptions<Env>) {
    this.#options = options;
  }

  /** Answers a request. */
  async fetch(request: Request, env: Env, lifetime: Lifetime): Promise<Response> {
    const refused = guardRequest(request, this.#options);
    if (refused !== undefined) return refused;
    const { path, authenticate } = this.#options;
    try {
      if ((path !== null && new URL(request.url).pathname !== path) || request.method === "OPTIONS")
        return await this.#respond(request, request, env);
      const identity = authenticate === undefined ? null : await authenticate(request, env);
      if (authenticate !== undefined && identity === null)
        return await this.#withCors(
          refusal(401, "Log in: this request names nobody that may use this server."),
          request,
          env,
        );
      if (identity?.subject === "")
        throw new TypeError("`authenticate` answered an empty subject.");
      const response = await this.#serve({ request, env, lifetime, identity });
      return response ?? (await this.#respond(request, request, env));
    } catch (error) {
      const { code, message } = errorBehind(error);
      if (ERROR_STATUS[code] >= 500) console.error("An MCP request failed:", error);
      return this.#withCors(refusal(ERROR_STATUS[code], message), request, env);
    }
  }

  /** Answers a request of a session's; undefined leaves it to the transport. */
  async #serve(call: Call<Env>): Promise<Response | undefined> {
    const { request, env } = call;
    if (request.method === "GET" || request.method === "DELETE") {
      if (isSessionlessVersion(request.headers)) return undefined;
      if (isUnknownVersion(request.headers)) return this.#withCors(unknownVersion(), request, env);
      const access = await this.#access(call);
      if (access instanceof Response) return this.#withCors(access, request, env);
      const response =
        request.method === "GET" ? await this.#read(call, access) : await this.#end(access);
      return this.#withCors(response, request, env);
    }
    if (request.method !== "POST") return undefined;
    const text = await request.text();
    if (text.length > MAX_BODY_BYTES)
      return this.#withCors(
        refusal(413, `A message has at most ${MAX_BODY_BYTES} bytes.`),
        request,
        env,
      );
    const message = clientMessage(text, request.headers);
    if (message.kind === "sessionless")
      return sessionlessResponse(await this.#respond(this.#copy(call, text), request, env));
    if (isUnknownVersion(request.headers)) return this.#withCors(unknownVersion(), request, env);
    if (message.kind === "other") return this.#refuseOther(call, text);
    const access = await this.#access(call, message);
    if (access instanceof Response) return this.#withCors(access, request, env);
    if (message.kind === "initialize" || message.kind === "request")
      return this.#work(call, access, message, text);
    return this.#tell(call, access, message, text);
  }

  /** Which session a request is for. A new one for `initialize`; else a response that says why there is none. */
  async #access(call: Call<Env>, message?: ClientMessage): Promise<SessionAccess | Response> {
    const { request, env, identity } = call;
    const namespace = namespaceOf<SessionStub>(env, this.#options.binding, "SyncLayer");
    const secret = await this.#secretOf(env);
    const id =
      message?.kind === "initialize"
        ? await mintSessionId(secret)
        : request.headers.get("mcp-session-id");
    if (id === null)
      return refusal(400, "The header Mcp-Session-Id is missing: initialize a session first.");
    if (message?.kind !== "initialize" && !(await verifySessionId(secret, id))) return gone();
    const subject = identity?.subject ?? null;
    if (message?.kind === "initialize")
      await callSession({ namespace, id }, (stub) =>
        stub.begin(subject, { ...message.facts, protocolVersion: message.version }),
      );
    return { namespace, id, subject, expiresAt: identity?.expiresAt ?? null };
  }

  /** A stream: that of a request which `Last-Event-ID` names, or the one of the session itself. */
  async #read({ request }: Call<Env>, access: SessionAccess): Promise<Response> {
    if (!/text\/event-stream|\*\/\*/.test(request.headers.get("accept") ?? "*/*"))
      return refusal(406, "A GET is for Server-Sent Events: accept text/event-stream.");
    const last = request.headers.get("last-event-id");
    const place = last === null ? undefined : placeOfEvent(last);
    if (last !== null && place === undefined)
      return refusal(400, "This Last-Event-ID is none of this server's: connect without one.");
    return standaloneResponse(access, {
      stream: place?.stream ?? STANDALONE,
      after: place?.position ?? null,
      retryMs: this.#options.retryMs,
      knowsPriming: (facts) => knowsPriming(request, facts),
    });
  }

  async #end({ subject, ...session }: SessionAccess): Promise<Response> {
    const ended = await callSession(session, (stub) => stub.end(subject));
    return ended === "gone" ? gone() : new Response(null, { status: 200 });
  }

  /** A request of the client's: the server works on it in this HTTP request, and its stream is written into the session's log. */
  async #work(
    call: Call<Env>,
    access: SessionAccess,
    message: Extract<ClientMessage, { kind: "initialize" | "request" }>,
    text: string,
  ): Promise<Response> {
    const { request, env, lifetime } = call;
    const stream = newStream(message.id);
    const writer = await StreamWriter.open((isBack) =>
      // What was begun is finished, also where its client's token expires meanwhile.
      openStreamSocket({ ...access, expiresAt: null }, { as: "writer", stream, isBack }),
    );
    const abort = new AbortController();
    const served = new ServedRequest({
      writer,
      stream,
      request: message.id,
      retryMs: this.#options.retryMs,
      knowsPriming: knowsPriming(request, writer.facts),
      answer: (json) => this.#respond(this.#copy(call, json, access.id), request, env),
      abort: () => {
        abort.abort();
        // Nobody waits for what was aborted, and the platform ends what nobody waits for.
        lifetime.waitUntil(new Promise((resolve) => setTimeout(resolve, CLEANUP_MS)));
      },
      // What was not initialized is no session.
      failed: () => (message.kind === "initialize" ? this.#end(access) : undefined),
    });
    const context: RequestContext = {
      id: access.id,
      facts: writer.facts,
      pending: new Set(),
      closeStream: () => served.closeStream(),
    };
    const response = await inRequest(context, () =>
      this.#respond(this.#copy(call, text, access.id, abort.signal), request, env),
    );
    if (!isEventStream(response)) {
      lifetime.waitUntil(writer.close());
      if (message.kind === "initialize" && !response.ok) await this.#end(access);
      return response;
    }
    lifetime.waitUntil(served.serve(response.body, context));
    return new Response(served.body, { status: response.status, headers: response.headers });
  }

  /** What needs no stream: a notification, or the answer to a question of the server's. */
  async #tell(
    call: Call<Env>,
    access: SessionAccess,
    message: Extract<ClientMessage, { kind: "notification" | "answer" }>,
    text: string,
  ): Promise<Response> {
    const { request, env } = call;
    const { id, subject } = access;
    if (message.kind === "answer") {
      const asked = String(message.id);
      const taken = await callSession(access, (stub) => stub.answer(subject, asked, text));
      const response =
        taken === "taken"
          ? new Response(null, { status: 202 })
          : taken === "gone"
            ? gone()
            : refusal(400, "Nobody waits for this answer any more.", message.id);
      return this.#withCors(response, request, env);
    }
    const facts = await callSession(access, (stub) => stub.facts(subject));
    if (facts === null) return this.#withCors(gone(), request, env);
    const { cancels } = message;
    if (cancels !== undefined) await callSession(access, (stub) => stub.cancel(subject, cancels));
    const pending = new Set<Promise<unknown>>();
    const context: RequestContext = { id, facts, pending, closeStream: undefined };
    const response = await inRequest(context, () =>
      this.#respond(this.#copy(call, text, id), request, env),
    );
    await effectsOf(context);
    return response;
  }

  /** The transport says what is wrong with a message; the session that it would make up for it is left out. */
  async #refuseOther(call: Call<Env>, text: string): Promise<Response> {
    const response = await this.#respond(this.#copy(call, text), call.request, call.env);
    const headers = new Headers(response.headers);
    headers.delete("mcp-session-id");
    return new Response(response.body, { status: response.status, headers });
  }

  /** A request for the transport: it has the session's id, and ends with what this side says, not with the client's connection. */
  #copy({ request }: Call<Env>, body: string, id?: string, signal?: AbortSignal): Request {
    const headers = new Headers(request.headers);
    headers.delete("content-length");
    headers.delete("mcp-session-id");
    if (id !== undefined) headers.set("mcp-session-id", id);
    return new Request(request.url, {
      method: "POST",
      headers,
      body,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #respond(request: Request, original: Request, env: Env): Promise<Response> {
    const response = await this.#options.respond(request, original, env);
    return response ?? new Response("Not found", { status: 404 });
  }

  /** The transport knows what other origins may do: its answer to a preflight says so. */
  async #withCors(response: Response, request: Request, env: Env): Promise<Response> {
    const origin = request.headers.get("origin");
    if (origin === null) return response;
    const preflight = new Request(request.url, { method: "OPTIONS", headers: { origin } });
    const allowed = await this.#options.respond(preflight, request, env).catch(() => null);
    const headers = new Headers(response.headers);
    for (const [name, value] of allowed?.headers ?? [])
      if (name.startsWith("access-control-")) headers.set(name, value);
    return new Response(response.body, { status: response.status, headers });
  }

  /** Requests may not wait for each other's calls, so each asks that comes before the first is answered. */
  async #secretOf(env: Env): Promise<string> {
    const { secret, binding } = this.#options;
    if (secret !== undefined) return typeof secret === "string" ? secret : secret(env);
    const registries: Namespace<RegistryRpc> = namespaceOf(env, binding, "SyncLayer");
    this.#secret ??= await callObject(registries, registryName(0), (stub) => stub.secret());
    return this.#secret;
  }
}

function gone(): Response {
  return refusal(404, "There is no such MCP session: initialize a new one.");
}

function unknownVersion(): Response {
  return refusal(400, "The header Mcp-Protocol-Version names no revision that this server knows.");
}

/** Whether a client takes an event without a message for what it is: by what it asked for when it began, or says now. */
function knowsPriming(request: Request, { protocolVersion = "" }: ClientFacts): boolean {
  const agreed = request.headers.get("mcp-protocol-version") ?? "";
  return protocolVersion >= PRIMING_SINCE || agreed >= PRIMING_SINCE;
}

function isEventStream(
  response: Response,
): response is Response & { readonly body: ReadableStream<Uint8Array> } {
  const type = response.headers.get("content-type") ?? "";
  return response.body !== null && type.startsWith("text/event-stream");
}
