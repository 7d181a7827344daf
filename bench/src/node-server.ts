/**
 * The limit of one process: `ws` and `node:sqlite` in one Node. What arrives in one turn of the event loop is committed
 * together, with the durability that workerd has: write-ahead log, synced before any reply leaves.
 */

import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { PlainRequest, PlainResponse } from "./plain-wire.ts";
import { bodyOf, isForwarded, PAGE_ROWS } from "./plain-wire.ts";

const folder = process.argv[2] ?? ".";

class Log {
  readonly readers = new Set<WebSocket>();
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #page: StatementSync;
  #position: number;
  /** What to send after the commit; undefined where no transaction is open. */
  #effects: (() => void)[] | undefined;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, body TEXT NOT NULL)`);
    this.#insert = this.#db.prepare("INSERT INTO log (position, body) VALUES (?, ?)");
    this.#page = this.#db.prepare("SELECT body FROM log WHERE position > ? AND position <= ?");
    const row = this.#db.prepare("SELECT coalesce(max(position), 0) AS head FROM log").get();
    this.#position = Number(row?.["head"] ?? 0);
  }

  get head(): number {
    return this.#position;
  }

  append(body: string, after: (position: number) => void): void {
    if (this.#effects === undefined) {
      this.#effects = [];
      this.#db.exec("BEGIN");
      setImmediate(() => this.#commit());
    }
    this.#position += 1;
    const position = this.#position;
    this.#insert.run(position, body);
    this.#effects.push(() => {
      if (this.readers.size > 0)
        this.forward(JSON.stringify({ t: "events", p: position, e: [body] }));
      after(position);
    });
  }

  forward(text: string): void {
    for (const reader of this.readers) reader.send(text);
  }

  resume(socket: WebSocket, after: number): void {
    for (let p = after; p < this.#position; p += PAGE_ROWS) {
      const bodies = this.#page.all(p, p + PAGE_ROWS).map((row) => String(row["body"]));
      send(socket, { t: "events", p: p + 1, e: bodies });
    }
    send(socket, { t: "live", p: this.#position });
  }

  #commit(): void {
    this.#db.exec("COMMIT");
    const effects = this.#effects ?? [];
    this.#effects = undefined;
    for (const effect of effects) effect();
  }
}

const logs = new Map<string, Log>();

function logOf(url: URL): Log {
  const session = url.searchParams.get("session") ?? "";
  const known = logs.get(session);
  if (known !== undefined) return known;
  mkdirSync(folder, { recursive: true });
  const log = new Log(join(folder, `${session}.sqlite`));
  logs.set(session, log);
  return log;
}

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const log = logOf(url);
  if (url.pathname.startsWith("/fill")) {
    const { count, body } = bodyOf(url);
    for (let n = 0; n < count; n += 1) log.append(body, () => {});
  }
  response.setHeader("content-type", "application/json").end(JSON.stringify({ head: log.head }));
});

server.on("upgrade", (request, stream, head) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const log = logOf(url);
  sockets.handleUpgrade(request, stream, head, (socket) => {
    if (url.searchParams.get("kind") === "reader") log.readers.add(socket);
    socket.on("close", () => log.readers.delete(socket));
    // Text comes as one buffer, unless somebody asks for fragments.
    socket.on("message", (data) => receive(log, socket, (data as Buffer).toString()));
  });
});

function receive(log: Log, socket: WebSocket, text: string): void {
  if (isForwarded(text)) return log.forward(text);
  const request = JSON.parse(text) as PlainRequest;
  switch (request.t) {
    case "append":
      return log.append(request.body, (p) => send(socket, { t: "ack", id: request.id, p }));
    case "token":
      return log.append(request.text, () => {});
    case "hello":
      return log.resume(socket, request.after);
  }
}

function send(socket: WebSocket, response: PlainResponse): void {
  socket.send(JSON.stringify(response));
}

server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => {
  console.log(JSON.stringify({ event: "listen", port: (server.address() as AddressInfo).port }));
});
