/**
 * The floor: a Durable Object as somebody writes it who wants one thing and wants it fast. Sockets hibernate, each entry
 * is a row, each is inserted and answered by itself. No ids are remembered, no roles checked, no sizes limited.
 */

import { DurableObject } from "cloudflare:workers";
import type { PlainRequest, PlainResponse } from "../plain-wire.ts";
import { bodyOf, isForwarded, PAGE_ROWS } from "../plain-wire.ts";
import { countWrites, writtenBy } from "./counted.ts";

interface Env {
  readonly LOG: DurableObjectNamespace<Log>;
  readonly COUNTED_LOG: DurableObjectNamespace<CountedLog>;
  readonly LOGINS: DurableObjectNamespace<Logins>;
}

export class Log extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  #position: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    );
    this.#position = this.#sql
      .exec<{ head: number }>("SELECT coalesce(max(position), 0) AS head FROM log")
      .one().head;
  }

  override fetch(request: Request): Response {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/socket": {
        const { 0: client, 1: server } = new WebSocketPair();
        this.ctx.acceptWebSocket(server, [url.searchParams.get("kind") ?? ""]);
        return new Response(null, { status: 101, webSocket: client });
      }
      case "/fill":
      case "/fill-tokens": {
        const { count, body } = bodyOf(url);
        for (let n = 0; n < count; n += 1) this.#insert(body);
      }
    }
    return Response.json({ head: this.#position });
  }

  override webSocketMessage(socket: WebSocket, message: string): void {
    if (isForwarded(message)) return this.#broadcast(message);
    const request = JSON.parse(message) as PlainRequest;
    switch (request.t) {
      case "append": {
        const p = this.#insert(request.body);
        this.#show(p, request.body);
        return send(socket, { t: "ack", id: request.id, p });
      }
      case "token":
        return this.#show(this.#insert(request.text), request.text);
      case "hello":
        return this.#resume(socket, request.after);
    }
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close(1000);
  }

  #insert(body: string): number {
    this.#position += 1;
    this.#sql.exec("INSERT INTO log (position, body) VALUES (?, ?)", this.#position, body);
    return this.#position;
  }

  #show(p: number, body: string): void {
    const readers = this.ctx.getWebSockets("reader");
    if (readers.length === 0) return;
    const text = JSON.stringify({ t: "events", p, e: [body] } satisfies PlainResponse);
    for (const reader of readers) reader.send(text);
  }

  #broadcast(text: string): void {
    for (const reader of this.ctx.getWebSockets("reader")) reader.send(text);
  }

  #resume(socket: WebSocket, after: number): void {
    for (let p = after; p < this.#position; p += PAGE_ROWS) {
      const rows = this.#sql
        .exec<{
          body: string;
        }>("SELECT body FROM log WHERE position > ? AND position <= ?", p, p + PAGE_ROWS)
        .toArray();
      send(socket, { t: "events", p: p + 1, e: rows.map(({ body }) => body) });
    }
    send(socket, { t: "live", p: this.#position });
  }
}

export class CountedLog extends Log {
  constructor(ctx: DurableObjectState, env: Env) {
    countWrites(ctx);
    super(ctx, env);
  }
}

/** Logins as one writes them by hand: a key for each, and nothing else. */
export class Logins extends DurableObject<Env> {
  fill(count: number): void {
    const createdAt = Date.now();
    for (let n = 0; n < count; n += 1)
      this.ctx.storage.kv.put(`bench-session-token-${n}`, {
        userId: `user ${n}`,
        createdAt,
        expiresAt: createdAt + 604_800_000,
      });
  }

  get(token: string): { readonly userId: string; readonly expiresAt: number } | null {
    const found = this.ctx.storage.kv.get<{ userId: string; expiresAt: number }>(token);
    return found !== undefined && found.expiresAt > Date.now() ? found : null;
  }
}

function send(socket: WebSocket, response: PlainResponse): void {
  socket.send(JSON.stringify(response));
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const session = url.searchParams.get("session") ?? "";
    const isCounted = url.searchParams.has("counted");
    if (url.pathname === "/written")
      return Response.json({ written: writtenBy(env.COUNTED_LOG.idFromName(session)) });
    if (url.pathname === "/auth-fill") {
      await env.LOGINS.getByName(session).fill(bodyOf(url).count);
      return Response.json({ head: 0 });
    }
    if (url.pathname === "/auth-get") {
      const found = await env.LOGINS.getByName(session).get(url.searchParams.get("token") ?? "");
      return Response.json({ head: found?.expiresAt }, { status: found === null ? 404 : 200 });
    }
    return (isCounted ? env.COUNTED_LOG : env.LOG).getByName(session).fetch(request);
  },
} satisfies ExportedHandler<Env>;
