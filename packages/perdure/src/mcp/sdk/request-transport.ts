/** A transport of the SDK for one HTTP request: what the server says goes into the request's stream, or into the session's own. */

import type {
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/sdk/shared/transport.js";
import type {
  JSONRPCMessage,
  JSONRPCRequest,
  MessageExtraInfo,
} from "@modelcontextprotocol/sdk/types.js";
import { errorBehind } from "../../object/index.ts";
import { messageEvent } from "../sse.ts";
import type { RequestId } from "../stream-name.ts";

/** An answer of the server's. */
export type Answer = Exclude<JSONRPCMessage, { method: string }>;

/** Where a transport's messages go. */
export interface RequestTransportHost {
  /** Puts a notification that belongs to no request into the session's own stream; resolves when it is durable. */
  notify(json: string): Promise<void>;
  /** The server has done what a request asks for: keeps what of that later requests must know. What it throws the client is told instead. */
  keep(request: JSONRPCRequest): Promise<void>;
}

/** The transport of one request, or of one notification. */
export class RequestTransport implements Transport {
  sessionId: string;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  readonly #host: RequestTransportHost;
  readonly #encoder = new TextEncoder();
  /** Who waits for the answers to requests that no client has sent. */
  readonly #asked = new Map<RequestId, (answer: Answer) => void>();
  #request: JSONRPCRequest | undefined;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Notifications of the session's own stream keep their order. */
  #notified: Promise<void> = Promise.resolve();

  /** @param session The session's id. */
  constructor(session: string, host: RequestTransportHost) {
    this.sessionId = session;
    this.#host = host;
  }

  /** Has the server answer a request that no client has sent. */
  ask(method: string, params: object): Promise<Answer> {
    const id = `perdure:${method}`;
    return new Promise<Answer>((resolve) => {
      this.#asked.set(id, resolve);
      this.take({ jsonrpc: "2.0", id, method, params: { ...params } });
    });
  }

  /**
   * The stream of the client's request, which ends when its answer is there, or this is closed. `begin` hands the request to the server, when
   * the stream is read: the client knows by then where to resume.
   */
  serve(request: JSONRPCRequest, begin: () => void): ReadableStream<Uint8Array> {
    this.#request = request;
    let hasBegun = false;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#stream = controller;
        },
        pull: () => {
          if (!hasBegun) begin();
          hasBegun = true;
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Hands a message of the client's to the server. */
  take(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    this.onmessage?.(message, extra);
  }

  /** See `Transport`. */
  async start(): Promise<void> {}

  /** See `Transport`. Resolves when the message is on its way, a notification of the session's own stream when it is durable. */
  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (!("method" in message)) return this.#answer(message);
    if (!("id" in message) && options?.relatedRequestId === undefined) return this.#notify(message);
    // A question that is for no request in particular, too: the answer finds the server that asked by the stream that it asked in.
    if (this.#stream === undefined)
      throw new Error(
        "An MCP server on Workers asks its client while it works on a request only: ask in a tool, a prompt or a resource.",
      );
    this.#write(message);
  }

  /** See `Transport`. What is being worked on is aborted. */
  async close(): Promise<void> {
    this.#end();
    const { onclose } = this;
    delete this.onclose;
    onclose?.();
  }

  async #answer(answer: Answer): Promise<void> {
    const { id } = answer;
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (id !== undefined && asked !== undefined) {
      this.#asked.delete(id);
      return asked(answer);
    }
    const request = this.#request;
    if (request === undefined || request.id !== id) return;
    this.#write("error" in answer ? answer : await this.#kept(request, answer));
    this.#end();
  }

  async #kept(request: JSONRPCRequest, answer: Answer): Promise<Answer> {
    try {
      await this.#host.keep(request);
      return answer;
    } catch (error) {
      const { message } = errorBehind(error);
      return { jsonrpc: "2.0", id: request.id, error: { code: -32_603, message } };
    }
  }

  #notify(message: JSONRPCMessage): Promise<void> {
    const json = JSON.stringify(message);
    const sent = this.#notified.then(() => this.#host.notify(json));
    this.#notified = sent.catch(() => {});
    return sent;
  }

  #write(message: JSONRPCMessage): void {
    this.#stream?.enqueue(this.#encoder.encode(messageEvent(JSON.stringify(message))));
  }

  #end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close();
  }
}
