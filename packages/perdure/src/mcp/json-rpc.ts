/** What a JSON-RPC message is, as far as sessions need to know. */

import { isObject } from "../protocol/index.ts";
import type { ClientFacts } from "./kept-session.ts";
import { isSessionlessVersion } from "./mcp-version.ts";
import type { RequestId } from "./stream-name.ts";

/** A message of a client's. */
export type ClientMessage =
  | {
      readonly kind: "initialize";
      readonly id: RequestId;
      readonly version: string | undefined;
      /** What the client says of itself. */
      readonly facts: ClientFacts;
    }
  | { readonly kind: "request"; readonly id: RequestId }
  /** `cancels` is the request that it cancels. */
  | { readonly kind: "notification"; readonly cancels: RequestId | undefined }
  | { readonly kind: "answer"; readonly id: RequestId }
  /** A request of the 2026 revision, which brings all that the server must know, and has no session. */
  | { readonly kind: "sessionless" }
  /** None of these: the transport says what is wrong with it. */
  | { readonly kind: "other" };

/** A member of `_meta` that only requests of the 2026 revision have. */
const SESSIONLESS_META = "io.modelcontextprotocol/";

/** What a client's message is. */
export function clientMessage(text: string, headers: Headers): ClientMessage {
  const body = parse(text);
  if (isSessionless(headers, body)) return { kind: "sessionless" };
  if (!isObject(body) || body["jsonrpc"] !== "2.0") return { kind: "other" };
  const { id, method, params } = body;
  const hasId = isRequestId(id);
  if (typeof method === "string") {
    if (!hasId) return { kind: "notification", cancels: cancelledBy(method, params) };
    if (method !== "initialize") return { kind: "request", id };
    return initialization(id, isObject(params) ? params : {});
  }
  const isAnswer = Object.hasOwn(body, "result") !== Object.hasOwn(body, "error");
  return hasId && isAnswer ? { kind: "answer", id } : { kind: "other" };
}

function initialization(
  id: RequestId,
  { protocolVersion, clientInfo, capabilities }: Readonly<Record<string, unknown>>,
): Extract<ClientMessage, { kind: "initialize" }> {
  const version = typeof protocolVersion === "string" ? protocolVersion : undefined;
  const facts: ClientFacts = {
    ...(isObject(clientInfo) ? { clientInfo } : {}),
    ...(isObject(capabilities) ? { clientCapabilities: capabilities } : {}),
  };
  return { kind: "initialize", id, version, facts };
}

/** A message of the server's, with what sessions need to know of it. */
export interface ServerMessage {
  readonly message: Readonly<Record<string, unknown>>;
  /** Present where it asks something of the client. */
  readonly asks?: RequestId;
  /** Present where it answers a request of the client's. */
  readonly answers?: RequestId;
}

/** What a message of the server's is; undefined where the text is no JSON object. */
export function serverMessage(text: string): ServerMessage | undefined {
  const message = parse(text);
  if (!isObject(message)) return undefined;
  const { id, method } = message;
  if (!isRequestId(id)) return { message };
  return typeof method === "string" ? { message, asks: id } : { message, answers: id };
}

/** A refusal: an HTTP response with a JSON-RPC error. */
export function refusal(status: number, message: string, id: RequestId | null = null): Response {
  const code = REFUSAL_CODES[status] ?? -32_000;
  return Response.json({ jsonrpc: "2.0", id, error: { code, message } }, { status });
}

/** What clients know of the code of a refusal besides its status: those of the official SDK's server. */
const REFUSAL_CODES: Readonly<Record<number, number>> = {
  400: -32_600,
  404: -32_001,
  500: -32_603,
};

function isSessionless(headers: Headers, body: unknown): boolean {
  if (isSessionlessVersion(headers)) return true;
  const params = isObject(body) ? body["params"] : undefined;
  const meta = isObject(params) ? params["_meta"] : undefined;
  return isObject(meta) && SESSIONLESS_KEYS.some((key) => Object.hasOwn(meta, key));
}

const SESSIONLESS_KEYS = ["protocolVersion", "clientCapabilities", "clientInfo", "logLevel"].map(
  (key) => SESSIONLESS_META + key,
);

function cancelledBy(method: string, params: unknown): RequestId | undefined {
  if (method !== "notifications/cancelled" || !isObject(params)) return undefined;
  return isRequestId(params["requestId"]) ? params["requestId"] : undefined;
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || typeof value === "number";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
