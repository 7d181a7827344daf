import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { until } from "../../../../cli/test-system/support/until.ts";

/** How one client differs from another. */
export interface ClientOptions {
  /** A session that is there: nothing is initialized. */
  readonly session?: string;
  /** Sends requests where another isolate gets them, or cuts them. */
  readonly fetch?: typeof fetch;
}

/** The official client over HTTP, and what it was told. */
export class OfficialClient {
  readonly client = new Client(
    { name: "perdure-test", version: "1.0.0" },
    { capabilities: { sampling: {}, elicitation: {} } },
  );
  readonly transport: StreamableHTTPClientTransport;
  /** Lines that were logged. */
  readonly logged: unknown[] = [];
  /** URIs of resources that changed. */
  readonly updated: string[] = [];
  /** How often the list of tools changed. */
  toolChanges = 0;
  /** The id of the last event that the standalone stream brought, which the official client keeps to itself. */
  lastEventId = "";
  /** Requests that the client has made, as "POST 200" or, where the connection failed, "GET failed". */
  readonly requests: string[] = [];

  private constructor(url: string, { session, fetch: send = fetch }: ClientOptions) {
    this.transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      ...(session !== undefined && { sessionId: session }),
      // It comes back soon, and does not give up while a server starts.
      reconnectionOptions: {
        initialReconnectionDelay: 50,
        maxReconnectionDelay: 200,
        reconnectionDelayGrowFactor: 1.5,
        maxRetries: 200,
      },
      fetch: async (input, init) => {
        const method = init?.method ?? "GET";
        const response = await send(input, init).catch((error: unknown) => {
          this.requests.push(`${method} failed`);
          throw error;
        });
        this.requests.push(`${method} ${response.status}`);
        return method === "GET" ? this.#noteEventIds(response) : response;
      },
    });
    const { client } = this;
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      this.logged.push(params.data);
    });
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      this.updated.push(params.uri);
    });
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      this.toolChanges += 1;
    });
  }

  /** Connects, and waits until the server can tell it things. */
  static async connect(url: string, options: ClientOptions = {}): Promise<OfficialClient> {
    const client = new OfficialClient(url, options);
    await client.client.connect(client.transport);
    if (options.session === undefined)
      await until("the client listens", () => client.requests.includes("GET 200"));
    return client;
  }

  /** The id of its session. */
  get session(): string {
    const { sessionId } = this.transport;
    if (sessionId === undefined) throw new Error("The server gave no session id.");
    return sessionId;
  }

  /** Calls a tool; the text of its answer. */
  async call(name: string, parameters: Record<string, unknown> = {}): Promise<string> {
    return textOf(await this.client.callTool({ name, arguments: parameters }));
  }

  /** Reads along on the stream of what no request asked for. */
  #noteEventIds(response: Response): Response {
    if (response.body === null) return response;
    const decoder = new TextDecoder();
    let text = "";
    const reading = new TransformStream<Uint8Array, Uint8Array>({
      transform: (bytes, controller) => {
        text += decoder.decode(bytes, { stream: true });
        for (const [, id = ""] of text.matchAll(/^id: ?(.+)\n/gm)) this.lastEventId = id;
        text = text.slice(text.lastIndexOf("\n") + 1);
        controller.enqueue(bytes);
      },
    });
    return new Response(response.body.pipeThrough(reading), response);
  }

  /** Goes away without a word to the server. */
  async leave(): Promise<void> {
    await this.client.close();
  }
}

/** The text of a tool's answer. */
export function textOf(answer: unknown): string {
  const { content } = answer as { readonly content: readonly { readonly text?: string }[] };
  return content.map(({ text = "" }) => text).join("");
}

/** A `fetch` that sends each message where it is told to, and all else where the client wants it. */
export const posting = (choose: (body: string) => string): typeof fetch => {
  return (input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    const base = typeof init?.body === "string" ? choose(init.body) : url.origin;
    return fetch(new URL(url.pathname, base), init);
  };
};
