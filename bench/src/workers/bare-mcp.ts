/** The floor: an object for each session as somebody writes it by hand, with a row for each event, which streams from the object itself. */

import { DurableObject } from "cloudflare:workers";
import { eventOf } from "./mcp-routes.ts";

interface Env {
  readonly TMCP_DURABLE_OBJECT: DurableObjectNamespace<SyncLayer>;
}

export class SyncLayer extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #encoder = new TextEncoder();
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, data TEXT NOT NULL)",
    );
  }

  async send(data: string): Promise<void> {
    const { position } = this.#sql
      .exec<{
        position: number;
      }>("INSERT INTO events (data) VALUES (?) RETURNING position", data)
      .one();
    this.#write(position, data);
  }

  override fetch(request: Request): Response {
    const last = request.headers.get("last-event-id");
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#reader = controller;
        if (last === null) return controller.enqueue(this.#encoder.encode("data: attached\n\n"));
        const missed = this.#sql.exec<{ position: number; data: string }>(
          "SELECT position, data FROM events WHERE position > ? ORDER BY position",
          Number(last),
        );
        for (const { position, data } of missed) this.#write(position, data);
      },
      cancel: () => {
        this.#reader = undefined;
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #write(position: number, data: string): void {
    this.#reader?.enqueue(this.#encoder.encode(`id: ${position}\n${data}`));
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const sessions = searchParams.getAll("session");
    const objects = sessions.map((session) => env.TMCP_DURABLE_OBJECT.getByName(session));
    if (pathname !== "/send") return objects[0]?.fetch(request) ?? Response.error();
    const count = Number(searchParams.get("count") ?? 1);
    for (let number = 0; number < count; number += 1)
      await Promise.all(objects.map((object) => object.send(eventOf(number))));
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;
