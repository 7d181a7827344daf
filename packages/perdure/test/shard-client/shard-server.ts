/** A shard in memory, over a database of Node, and the network between it and its clients. */

import { afterEach } from "vitest";
import type {
  ShardClientOptions,
  ShardView,
  WebSocketConstructor,
} from "../../src/client/index.ts";
import { ShardClient } from "../../src/client/index.ts";
import { closeCodeOf } from "../../src/object/close-code.ts";
import type { Attachment, Link } from "../../src/object/index.ts";
import { COMMAND_MIGRATIONS, migrate, systemClock } from "../../src/object/index.ts";
import type { ShardClientFrame } from "../../src/protocol/index.ts";
import { PING, problemOf } from "../../src/protocol/index.ts";
import type { ShardIdentity, ShardRequest, ShardSocketMeta } from "../../src/shard/index.ts";
import { Shard, SHARD_MIGRATIONS } from "../../src/shard/index.ts";
import { ShardSockets } from "../../src/shard/shard-sockets.ts";
import { FakeConnection } from "../client/fake-server.ts";
import { NodeSql } from "../support/node-sql.ts";
import type { Board, Task } from "./board.ts";
import { board, TABLES } from "./board.ts";

/** Says whether the link breaks at a frame of the client: before it has left, or after it has arrived and before any answer. */
type Cut = (frame: ShardClientFrame) => "before" | "after" | undefined;

const clients: { close(): void }[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** One connection, at both ends. Frames cross in later turns, as those of a network do. */
export class ShardConnection extends FakeConnection {
  readonly link: ServerLink;
  /** What came from the client. */
  readonly frames: ShardClientFrame[] = [];
  readonly #server: ShardServer;

  constructor(server: ShardServer, url: string, protocols?: readonly string[]) {
    super(url, protocols);
    this.#server = server;
    this.link = new ServerLink(this, server.meta);
  }

  /** Frames of one kind that came from the client. */
  all<K extends ShardClientFrame["t"]>(kind: K): Extract<ShardClientFrame, { t: K }>[] {
    return this.frames.filter(
      (frame): frame is Extract<ShardClientFrame, { t: K }> => frame.t === kind,
    );
  }

  override send(data: string | Uint8Array): void {
    if (this.readyState !== 1 || data === PING) return super.send(data);
    const frame = JSON.parse(String(data)) as ShardClientFrame;
    const cut = this.#server.cut(frame);
    if (cut === "before") return queueMicrotask(() => this.drop());
    this.frames.push(frame);
    queueMicrotask(() => this.#server.take(this, String(data)));
    if (cut !== "after") return undefined;
    this.link.isCut = true;
    return queueMicrotask(() => this.drop());
  }

  override close(): void {
    super.close();
    this.#server.end(this);
  }

  override drop(code?: number, reason?: string): void {
    if (this.readyState === 3) return;
    super.drop(code, reason);
    this.#server.end(this);
  }
}

/** The object's end. */
class ServerLink implements Link {
  attachment: Attachment;
  /** Whether nothing arrives any more. */
  isCut = false;
  readonly #connection: ShardConnection;

  constructor(connection: ShardConnection, meta: ShardSocketMeta) {
    this.#connection = connection;
    this.attachment = {
      id: crypto.randomUUID(),
      kind: "shard",
      role: "participant",
      subject: "",
      connectedAt: 0,
      expiresAt: null,
      meta,
    };
  }

  attach(change: Partial<Attachment>): void {
    this.attachment = { ...this.attachment, ...structuredClone(change) };
  }

  send(text: string | Uint8Array): boolean {
    if (!this.#connection.isOpen) return false;
    queueMicrotask(() => {
      if (!this.isCut) this.#connection.deliver(String(text));
    });
    return true;
  }

  close(code: number, reason: string): void {
    queueMicrotask(() => this.#connection.drop(code, reason));
  }
}

export class ShardServer {
  readonly sql = new NodeSql();
  readonly connections: ShardConnection[] = [];
  readonly WebSocket: WebSocketConstructor;
  /** Who connects next. */
  identity: ShardIdentity | null = null;
  /** What connections may use; missing: all. */
  functions: readonly string[] | undefined;
  /** Whether connections get through. */
  isUp = true;
  cut: Cut = () => undefined;
  #live: { readonly shard: Shard; readonly sockets: ShardSockets } | undefined;

  constructor() {
    migrate(this.sql, [
      { owner: "commands", migrations: COMMAND_MIGRATIONS },
      { owner: "shard", migrations: SHARD_MIGRATIONS },
      { owner: "app", migrations: [{ version: 1, name: "app", up: TABLES }] },
    ]);
    const connect = (url: string, protocols?: readonly string[]) => this.#connect(url, protocols);
    this.WebSocket = function WebSocket(url: string, protocols?: string[]) {
      return connect(url, protocols);
    } as unknown as WebSocketConstructor;
  }

  get meta(): ShardSocketMeta {
    const { identity, functions } = this;
    return { identity, ...(functions === undefined ? {} : { functions }) };
  }

  /** The newest connection. */
  get connection(): ShardConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("nobody has connected");
    return last;
  }

  get shard(): Shard {
    return this.#awake.shard;
  }

  /** What is in memory is gone; sockets and storage stay. */
  loseMemory(): void {
    this.#live = undefined;
  }

  /** Calls a function, as another client does. */
  call(functionPath: string, args: unknown, change: Partial<ShardRequest> = {}): unknown {
    return this.shard.call({ functionPath, args, ...change }, null).value;
  }

  /** A frame has arrived. */
  take(connection: ShardConnection, text: string): void {
    if (!connection.isOpen) return;
    const { link } = connection;
    try {
      this.#awake.sockets.message(link, text, this.#awake.shard);
    } catch (error) {
      const problem = problemOf(error);
      link.send(JSON.stringify({ t: "error", i: "i", error: problem }));
      link.close(closeCodeOf(problem.code), problem.detail);
    }
  }

  end(connection: ShardConnection): void {
    this.#live?.sockets.end(connection.link);
  }

  get #awake() {
    if (this.#live !== undefined) return this.#live;
    const sockets = new ShardSockets({
      clock: systemClock,
      functions: board,
      name: "b",
      incarnation: crypto.randomUUID(),
      links: this.connections.filter(({ isOpen }) => isOpen).map(({ link }) => link),
      leave: (queryIds) => {
        for (const queryId of queryIds) shard.unsubscribe(queryId);
      },
    });
    const shard = new Shard({
      sql: this.sql,
      clock: systemClock,
      functions: board,
      subscribed: sockets.queryIds,
      onCommit: (commit) => sockets.tell(commit),
    });
    this.#live = { shard, sockets };
    return this.#live;
  }

  #connect(url: string, protocols?: readonly string[]): ShardConnection {
    const connection = new ShardConnection(this, url, protocols);
    this.connections.push(connection);
    queueMicrotask(() => {
      if (this.isUp) connection.accept();
      else connection.drop();
    });
    return connection;
  }
}

/** A client of a server; it is closed after the test. */
export function clientOf(
  server: ShardServer,
  options: ShardClientOptions<Board> = {},
): ShardClient<Board> {
  const client = new ShardClient<Board>({
    url: "https://example.com/shard",
    WebSocket: server.WebSocket,
    random: () => 1,
    ...options,
  });
  clients.push(client);
  return client;
}

/** A client that follows the tasks of a board, and each of its views that was shown. */
export function follow(client: ShardClient<Board>, name = "b") {
  const views: ShardView<readonly Task[]>[] = [];
  const stop = client.subscribe("tasks", { board: name }, (view) => views.push(view));
  return {
    stop,
    views,
    get view() {
      return views.at(-1);
    },
    /** The titles of each view. */
    get titles() {
      return views.map(({ value }) => value?.map(({ title }) => title).join(" "));
    },
  };
}
