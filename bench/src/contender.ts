/** What is measured: a server, and how one talks to it. */

import { Server } from "./server.ts";
import type { ServerKind } from "./server.ts";
import { Socket } from "./socket.ts";

/** Those that run all the time. */
export const CONTENDERS = ["perdure", "bare", "agents", "partyserver", "node"] as const;

/** The names of all contenders, in the order of the table. */
export const COLUMNS = [...CONTENDERS, "published"] as const;

export type ContenderName = (typeof COLUMNS)[number];

/**
 * What a socket is for. `commander`: sends entries and hears only of its own. `reader`: gets what is new. `producer`: brings
 * a stream of entries or tokens.
 */
export type SocketKind = "commander" | "reader" | "producer";

/** Writes a stream into one session. */
export interface Producer {
  /** Sends one entry that is to be durable. */
  entry(body: string): void;
  /** Sends one token to all readers. Only Perdure stores it. */
  token(text: string): void;
  /** Sends one token to all readers, to be stored as well; the last says so. */
  storedToken(text: string, isLast: boolean): void;
  /** Resolves when all entries so far are acknowledged as durable. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** The frames of one contender, as seen from the load side. */
export interface Wire {
  /** A frame that adds one entry, to be acknowledged once it is durable. */
  append(id: string, body: string): string;
  /** The id of the entry that a frame acknowledges. Throws where it was refused. */
  acknowledged(frame: unknown): string | undefined;
  /** The first frame of a reader that has everything up to a position. */
  hello(after: number): string;
  /** Whether a frame says that the reader has all there is. */
  isLive(frame: unknown): boolean;
  /** Connects a producer. `beforeStream` runs when it is ready and has nothing begun. */
  produce(
    contender: Contender,
    session: Session,
    beforeStream?: () => Promise<void>,
  ): Promise<Producer>;
  /** Makes a history of tokens; answers the head. */
  fillTokens(contender: Contender, session: Session, history: History): Promise<number>;
}

/** Turns of so many tokens, each with this text. */
export interface History {
  readonly turns: number;
  readonly tokens: number;
  readonly text: string;
}

/** A session of one contender. A counted one tells how many rows were written. */
export interface Session {
  readonly id: string;
  readonly isCounted: boolean;
}

/** One contender with its running server. */
export class Contender {
  readonly name: ContenderName;
  readonly wire: Wire;
  readonly server: Server;
  #sessions = 0;

  constructor(name: ContenderName, wire: Wire, folder: string, program: ServerKind) {
    this.name = name;
    this.wire = wire;
    this.server = new Server(folder, program);
  }

  /** Makes a new session. */
  async open({ isCounted = false } = {}): Promise<Session> {
    this.#sessions += 1;
    const session = { id: `s${this.#sessions}-${Date.now().toString(36)}`, isCounted };
    await this.request(session, "open", { method: "POST" });
    return session;
  }

  /** Adds entries as fast as the contender takes them; answers the head. */
  fill(session: Session, count: number, body: string, path = "fill"): Promise<number> {
    return this.request(session, path, { method: "POST", query: { count: String(count), body } });
  }

  /** The head of a session's log. */
  head(session: Session): Promise<number> {
    return this.request(session, "head");
  }

  /** Rows that a counted session has written so far. */
  async written(session: Session): Promise<number> {
    const response = await fetch(this.#url("http", "written", session, {}));
    const { written } = (await response.json()) as { readonly written: number };
    return written;
  }

  connect(session: Session, kind: SocketKind, onFrame?: (frame: unknown) => void): Promise<Socket> {
    return Socket.open(this.#url("ws", "socket", session, { kind }), onFrame);
  }

  /** A reader that has everything up to `after`, once it says that it is live. */
  async reader(session: Session, after: number): Promise<Socket> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = await this.connect(session, "reader", (frame) => {
      if (this.wire.isLive(frame)) resolve();
    });
    socket.send(this.wire.hello(after));
    await promise;
    socket.onFrame = undefined;
    return socket;
  }

  /** Many readers that are live. */
  async readers(session: Session, count: number): Promise<Socket[]> {
    const head = await this.head(session);
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const batch = Array.from({ length: Math.min(50, count - sockets.length) }, () =>
        this.reader(session, head),
      );
      sockets.push(...(await Promise.all(batch)));
    }
    return sockets;
  }

  produce(session: Session, beforeStream?: () => Promise<void>): Promise<Producer> {
    return this.wire.produce(this, session, beforeStream);
  }

  /** Calls a route of the Worker; answers the head that it tells. */
  async request(
    session: Session,
    path: string,
    {
      method = "GET",
      query = {},
    }: { readonly method?: string; readonly query?: Readonly<Record<string, string>> } = {},
  ): Promise<number> {
    const response = await fetch(this.#url("http", path, session, query), { method });
    if (!response.ok)
      throw new Error(`${this.name} answered ${response.status}: ${await response.text()}`);
    const { head } = (await response.json()) as { readonly head: number };
    return head;
  }

  #url(
    protocol: "http" | "ws",
    path: string,
    { id, isCounted }: Session,
    query: Readonly<Record<string, string>>,
  ): string {
    const search = new URLSearchParams({
      session: id,
      ...query,
      ...(isCounted ? { counted: "1" } : {}),
    });
    return `${protocol}://${this.server.address}/${path}?${search}`;
  }
}

/** Closes sockets; all at once. */
export async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.close()));
}
