/** A client of MCP over Streamable HTTP, as plain as can be: it sees every line of a stream. */

import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { McpHandler } from "../../src/mcp/index.ts";

const ORIGIN = "http://localhost";

/** An event of a stream. */
export interface ReadEvent {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: string;
}

/** A stream that is being read. */
export class ReadStream {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<ReadEvent>;

  constructor(response: Response) {
    this.response = response;
    if (response.body === null) throw new Error("The response has no body.");
    this.#reader = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader();
  }

  /** The next event that has data; undefined at the end. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      if (value.data !== "") return value;
    }
  }

  /** The very next event, the priming one too; undefined at the end. */
  async raw(): Promise<ReadEvent | undefined> {
    const { done, value } = await this.#reader.read();
    return done ? undefined : value;
  }

  /** The JSON of the next message; undefined at the end. */
  async message(): Promise<Record<string, unknown> | undefined> {
    const event = await this.next();
    return event && (JSON.parse(event.data) as Record<string, unknown>);
  }

  /** All messages up to the end. */
  async rest(): Promise<readonly Record<string, unknown>[]> {
    const messages: Record<string, unknown>[] = [];
    for (let message = await this.message(); message; message = await this.message())
      messages.push(message);
    return messages;
  }

  /** Goes away. */
  async drop(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** One client. */
export class McpClient {
  readonly #url: string;
  readonly #handler: McpHandler;
  readonly #headers: Readonly<Record<string, string>>;
  /** The session's id, once it is initialized. */
  session = "";
  #id = 0;

  constructor(handler: McpHandler, headers: Readonly<Record<string, string>> = {}, path = "/mcp") {
    this.#url = `${ORIGIN}${path}`;
    this.#handler = handler;
    this.#headers = headers;
  }

  /** Sends any request to the endpoint. */
  fetch(
    method: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const request = new Request(this.#url, {
      method,
      headers: {
        accept: "application/json, text/event-stream",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(this.session === "" ? {} : { "mcp-session-id": this.session }),
        "mcp-protocol-version": "2025-11-25",
        ...this.#headers,
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return this.#handler.fetch(request, env, createExecutionContext());
  }

  /** Initializes a session. */
  async initialize(
    capabilities: object = { sampling: {}, elicitation: {}, roots: {} },
  ): Promise<this> {
    const params = {
      protocolVersion: "2025-11-25",
      capabilities,
      clientInfo: { name: "test", version: "1" },
    };
    const stream = await this.request("initialize", params);
    this.session = stream.response.headers.get("mcp-session-id") ?? "";
    await stream.rest();
    await this.notify("notifications/initialized");
    return this;
  }

  /** Sends a request; answers its stream. */
  async request(method: string, params: object = {}, id?: string | number): Promise<ReadStream> {
    this.#id += 1;
    const response = await this.fetch("POST", {
      jsonrpc: "2.0",
      id: id ?? this.#id,
      method,
      params,
    });
    return new ReadStream(response);
  }

  /** Calls a tool; answers its stream. */
  call(name: string, args: object = {}, id?: string | number): Promise<ReadStream> {
    return this.request("tools/call", { name, arguments: args, _meta: { progressToken: "p" } }, id);
  }

  /** Sends a notification. */
  notify(method: string, params: object = {}): Promise<Response> {
    return this.fetch("POST", { jsonrpc: "2.0", method, params });
  }

  /** Answers a question of the server's. */
  answer(id: unknown, result: object): Promise<Response> {
    return this.fetch("POST", { jsonrpc: "2.0", id, result });
  }

  /** Opens the session's stream, or comes back to one. */
  async listen(lastEventId?: string): Promise<ReadStream> {
    const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    return new ReadStream(await this.fetch("GET", undefined, headers));
  }
}
