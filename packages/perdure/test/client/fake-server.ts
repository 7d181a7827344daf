/** The server's end of a socket, in memory: frames cross at once, closes as in RFC 6455. */

import type { WebSocketConstructor } from "../../src/client/index.ts";
import type { ClientFrame, ServerFrame } from "../../src/protocol/index.ts";
import { PING, PONG } from "../../src/protocol/index.ts";

/** One connection that a client has made. */
export class FakeConnection extends EventTarget {
  readonly url: string;
  readonly protocols: readonly string[];
  /** Frames that came from the client, without pings. */
  readonly received: ClientFrame[] = [];
  /** The same frames as they travelled, binary ones too. */
  readonly sent: (string | Uint8Array)[] = [];
  /** How often the client asked whether anyone is there. */
  pings = 0;
  /** A broken link: nothing passes, and nobody is told. */
  isBroken = false;
  readyState = 0;
  binaryType = "blob";
  bufferedAmount = 0;

  constructor(url: string, protocols: readonly string[] = []) {
    super();
    this.url = url;
    this.protocols = protocols;
  }

  /** The client sends. */
  send(data: string | Uint8Array): void {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    if (this.isBroken) return;
    if (data !== PING) {
      this.sent.push(data);
      if (typeof data === "string") this.received.push(JSON.parse(data) as ClientFrame);
      return;
    }
    this.pings += 1;
    this.deliver(PONG);
  }

  /** The client closes. */
  close(): void {
    this.readyState = 3;
  }

  get isOpen(): boolean {
    return this.readyState === 1;
  }

  accept(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  /** The server sends. */
  push(frame: ServerFrame | string | Readonly<Record<string, unknown>>): void {
    this.deliver(JSON.stringify(frame));
  }

  deliver(data: string | ArrayBuffer): void {
    if (this.isOpen && !this.isBroken) this.dispatchEvent(new MessageEvent("message", { data }));
  }

  /** The server closes, or the network does (1006). */
  drop(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.dispatchEvent(
      Object.assign(new Event("close"), { code, reason, wasClean: code !== 1006 }),
    );
  }

  /** Frames of one kind that came from the client. */
  of<K extends ClientFrame["t"]>(kind: K): Extract<ClientFrame, { t: K }>[] {
    return this.received.filter(
      (frame): frame is Extract<ClientFrame, { t: K }> => frame.t === kind,
    );
  }
}

/** A server that keeps every connection; `accepts` says whether new ones open at once. */
export class FakeServer {
  readonly connections: FakeConnection[] = [];
  accepts = true;
  readonly WebSocket: WebSocketConstructor;

  constructor() {
    // A constructor may return another object: the connection that the server holds too.
    const connect = (url: string, protocols?: string[]) => this.#connect(url, protocols);
    this.WebSocket = function WebSocket(url: string, protocols?: string[]) {
      return connect(url, protocols);
    } as unknown as WebSocketConstructor;
  }

  /** The newest connection. */
  get connection(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("nobody has connected");
    return last;
  }

  #connect(url: string, protocols: string[] | undefined): FakeConnection {
    const connection = new FakeConnection(url, protocols);
    this.connections.push(connection);
    queueMicrotask(() => {
      if (this.accepts) connection.accept();
      else connection.drop();
    });
    return connection;
  }
}
