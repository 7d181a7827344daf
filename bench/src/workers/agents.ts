/**
 * Cloudflare's agents. Entries are rows of the agent's own SQLite through `this.sql`; tokens go the way that its chat takes:
 * into a durable stream, packed by ten as its guide recommends, and to the browser in the chat protocol's frames. State and
 * identity frames are off: nothing here needs them, and each socket would pay for them.
 */

import type { AgentContext, Connection, ConnectionContext } from "agents";
import { Agent } from "agents";
import type { StreamWriter } from "agents/streams";
import { Streams } from "agents/streams";
import type { PlainRequest, PlainResponse } from "../plain-wire.ts";
import { bodyOf, isForwarded, PAGE_ROWS } from "../plain-wire.ts";
import { countWrites, writtenBy } from "./counted.ts";

interface Env {
  readonly LOG: DurableObjectNamespace<Log>;
  readonly COUNTED_LOG: DurableObjectNamespace<CountedLog>;
}

/** Chunks in one append, as `agents/chat` packs them. */
const PACKED_CHUNKS = 10;

const STREAM = "reply";

export class Log extends Agent<Env> {
  readonly streams = new Streams();
  #position = 0;
  #writer: StreamWriter | undefined;
  #packed: string[] = [];

  constructor(ctx: AgentContext, env: Env) {
    super(ctx, env);
    this.lifecycle.use(this.streams);
  }

  override shouldSendProtocolMessages(): boolean {
    return false;
  }

  override async onStart(): Promise<void> {
    void this
      .sql`CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, body TEXT NOT NULL)`;
    const [row] = this.sql<{ head: number }>`SELECT coalesce(max(position), 0) AS head FROM log`;
    this.#position = row?.head ?? 0;
  }

  override getConnectionTags(_connection: Connection, { request }: ConnectionContext): string[] {
    return [new URL(request.url).searchParams.get("kind") ?? ""];
  }

  override async onRequest(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const { count, body } = bodyOf(url);
    if (url.pathname === "/fill") for (let n = 0; n < count; n += 1) this.#insert(body);
    if (url.pathname === "/fill-tokens") {
      for (let n = 0; n < count; n += 1) await this.#store(body);
      await this.#flush();
      const status = await this.streams.status(STREAM);
      return Response.json({ head: (status?.cursor ?? 0) * PACKED_CHUNKS });
    }
    return Response.json({ head: this.#position });
  }

  override async onMessage(connection: Connection, message: string): Promise<void> {
    if (isForwarded(message)) return this.#show(message);
    const request = JSON.parse(message) as PlainRequest;
    switch (request.t) {
      case "append": {
        const p = this.#insert(request.body);
        this.#show(text({ t: "events", p, e: [request.body] }));
        return connection.send(text({ t: "ack", id: request.id, p }));
      }
      case "token":
        this.#show(chatFrame(request.text));
        await this.#store(request.text);
        return request.end === true ? this.#flush() : undefined;
      case "hello":
        return this.#resume(connection, request.after);
    }
  }

  #insert(body: string): number {
    this.#position += 1;
    void this.sql`INSERT INTO log (position, body) VALUES (${this.#position}, ${body})`;
    return this.#position;
  }

  #show(frame: string): void {
    for (const reader of this.getConnections("reader")) reader.send(frame);
  }

  async #store(token: string): Promise<void> {
    this.#packed.push(token);
    if (this.#packed.length >= PACKED_CHUNKS) await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#writer ??= await this.streams.open(STREAM);
    if (this.#packed.length > 0) this.#writer.append(this.#packed.splice(0));
  }

  async #resume(connection: Connection, after: number): Promise<void> {
    if ((await this.streams.status(STREAM)) !== null) {
      const caughtUp = new AbortController();
      const batches = this.streams.readBatches(STREAM, {
        from: Math.floor(after / PACKED_CHUNKS),
        batchSize: PAGE_ROWS / PACKED_CHUNKS,
        signal: caughtUp.signal,
        onUpToDate: () => caughtUp.abort(new CaughtUp()),
      });
      try {
        for await (const batch of batches) {
          const first = batch[0]?.seq ?? 0;
          const tokens = batch.flatMap(({ chunk }) => chunk as string[]);
          connection.send(text({ t: "events", p: first * PACKED_CHUNKS + 1, e: tokens }));
        }
      } catch (error) {
        if (!(error instanceof CaughtUp)) throw error;
      }
    }
    connection.send(text({ t: "live", p: this.#position }));
  }
}

class CaughtUp extends Error {}

export class CountedLog extends Log {
  constructor(ctx: AgentContext, env: Env) {
    countWrites(ctx);
    super(ctx, env);
  }
}

/** How the chat of agents sends a chunk to its clients. */
function chatFrame(delta: string): string {
  return JSON.stringify({
    body: JSON.stringify({ type: "text-delta", id: "t", delta }),
    done: false,
    id: "request01",
    type: "cf_agent_use_chat_response",
  });
}

function text(response: PlainResponse): string {
  return JSON.stringify(response);
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const session = url.searchParams.get("session") ?? "";
    if (url.pathname === "/written")
      return Response.json({ written: writtenBy(env.COUNTED_LOG.idFromName(session)) });
    const isCounted = url.searchParams.has("counted");
    return (isCounted ? env.COUNTED_LOG : env.LOG).getByName(session).fetch(request);
  },
} satisfies ExportedHandler<Env>;
