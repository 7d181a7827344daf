/**
 * partyserver: rooms with hibernating sockets. It stores nothing itself, so entries go where its users put them, into the
 * object's own SQLite, a row each.
 */

import type { Connection, ConnectionContext } from "partyserver";
import { Server } from "partyserver";
import type { PlainRequest, PlainResponse } from "../plain-wire.ts";
import { bodyOf, isForwarded } from "../plain-wire.ts";

interface Env {
  readonly LOG: DurableObjectNamespace<Log>;
}

export class Log extends Server<Env> {
  static override readonly options = { hibernate: true };
  #position = 0;

  override onStart(): void {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    this.#position = sql
      .exec<{ head: number }>("SELECT coalesce(max(position), 0) AS head FROM log")
      .one().head;
  }

  override getConnectionTags(_connection: Connection, { request }: ConnectionContext): string[] {
    return [new URL(request.url).searchParams.get("kind") ?? ""];
  }

  override onRequest(request: Request): Response {
    const url = new URL(request.url);
    if (url.pathname === "/fill") {
      const { count, body } = bodyOf(url);
      for (let n = 0; n < count; n += 1) this.#insert(body);
    }
    return Response.json({ head: this.#position });
  }

  override onMessage(connection: Connection, message: string): void {
    if (isForwarded(message)) return this.#show(message);
    const request = JSON.parse(message) as PlainRequest;
    if (request.t === "hello") return connection.send(text({ t: "live", p: this.#position }));
    if (request.t === "append") {
      const p = this.#insert(request.body);
      this.#show(text({ t: "events", p, e: [request.body] }));
      connection.send(text({ t: "ack", id: request.id, p }));
    }
  }

  #insert(body: string): number {
    this.#position += 1;
    this.ctx.storage.sql.exec(
      "INSERT INTO log (position, body) VALUES (?, ?)",
      this.#position,
      body,
    );
    return this.#position;
  }

  #show(frame: string): void {
    for (const reader of this.getConnections("reader")) reader.send(frame);
  }
}

function text(response: PlainResponse): string {
  return JSON.stringify(response);
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const session = new URL(request.url).searchParams.get("session") ?? "";
    return env.LOG.getByName(session).fetch(request);
  },
} satisfies ExportedHandler<Env>;
