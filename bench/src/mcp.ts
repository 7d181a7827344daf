/** The contenders of the measurements of MCP sessions: Perdure, the manager that `tmcp` publishes, and an object written by hand. */

import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import { createParser } from "eventsource-parser";
import { withServers } from "./pair.ts";
import type { Server } from "./server.ts";

/** Who is measured. */
export type McpName = "perdure" | "published" | "bare";

const CLASSES = [{ binding: "TMCP_DURABLE_OBJECT", className: "SyncLayer" }];

/** How long a stream may keep one waiting. */
const PATIENCE_MS = 60_000;

const HEADERS = {
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
  "mcp-protocol-version": "2025-11-25",
};

/** One contender with its running server. */
export class McpContender {
  readonly name: McpName;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(name: McpName, server: Server) {
    this.name = name;
    this.#server = server;
  }

  /** Starts all, has them measured, and stops them, however that ends. */
  static all<T>(
    folder: string,
    measure: (contenders: Readonly<Record<McpName, McpContender>>) => Promise<T>,
  ): Promise<T> {
    return withServers(
      { folder, subject: "mcp", names: ["perdure", "published", "bare"] },
      () => CLASSES,
      (servers) =>
        measure({
          perdure: new McpContender("perdure", servers.perdure),
          published: new McpContender("published", servers.published),
          bare: new McpContender("bare", servers.bare),
        }),
    );
  }

  /** Creates a session with a stream, by the manager's `create`. */
  async attach(session: string): Promise<EventStream> {
    const stream = await EventStream.open(this.#url("/stream", [session]), {});
    await stream.until(1);
    return stream;
  }

  /** Has so many events sent to sessions, one after another; to all where none is named. Resolves when that is done. */
  async send(sessions: readonly string[], count = 1): Promise<void> {
    const url = this.#url("/send", sessions);
    url.searchParams.set("count", String(count));
    await this.#ask("POST", url);
  }

  /** Initializes a session as clients do; answers its id. */
  async initialize(): Promise<string> {
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "bench", version: "1" },
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
    const { headers } = await this.#ask("POST", this.#url("/mcp"), body);
    return String(headers["mcp-session-id"]);
  }

  /** Opens a session's stream as clients do; `undefined` where that is refused. */
  listen(session: string, lastEventId?: string): Promise<EventStream> {
    const url = this.name === "bare" ? this.#url("/stream", [session]) : this.#url("/mcp");
    return EventStream.open(url, {
      ...HEADERS,
      "mcp-session-id": session,
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    });
  }

  #url(path: string, sessions: readonly string[] = []): URL {
    const url = new URL(path, `http://${this.#server.address}`);
    for (const session of sessions) url.searchParams.append("session", session);
    return url;
  }

  async #ask(method: string, url: URL, body?: string): Promise<IncomingMessage> {
    const response = await responseOf(
      httpRequest(url, { method, agent: this.#agent, headers: HEADERS }).end(body),
    );
    let text = "";
    for await (const chunk of response) text += String(chunk);
    if ((response.statusCode ?? 0) >= 300)
      throw new Error(`${this.name} answered ${response.statusCode}: ${text}`);
    return response;
  }
}

/** A stream of Server-Sent Events: its events are counted. */
export class EventStream {
  /** HTTP status. */
  readonly status: number;
  readonly #request: ClientRequest;
  #events = 0;
  #lastId: string | undefined;
  #wanted: { readonly count: number; readonly resolve: () => void } | undefined;

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.status = response.statusCode ?? 0;
    const parser = createParser({
      onEvent: ({ id, data }) => {
        this.#lastId = id ?? this.#lastId;
        if (data === "") return;
        this.#events += 1;
        if (this.#events >= (this.#wanted?.count ?? Infinity)) this.#wanted?.resolve();
      },
    });
    response.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
    // Closed by this side.
    response.on("error", () => {});
  }

  /** Opens one, on a connection of its own. */
  static async open(url: URL, headers: Readonly<Record<string, string>>): Promise<EventStream> {
    const request = httpRequest(url, { agent: false, headers }).end();
    return new EventStream(request, await responseOf(request));
  }

  /** Events with data so far. */
  get events(): number {
    return this.#events;
  }

  /** The last id; undefined where there was none. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  /** Resolves when so many events have come since the stream was opened. */
  async until(count: number): Promise<void> {
    if (this.#events >= count) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new Error(`${this.#events} of ${count} events came.`)),
      PATIENCE_MS,
    );
    this.#wanted = { count, resolve };
    await promise.finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#request.destroy();
  }
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
}
