import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { splitFrames, type WebSocketFrame } from "./websocket-frames.ts";

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * A stretch of network that loses WebSocket messages from the server while a test says so, and keeps the connection: what a
 * client sends, control frames (ping, pong, close) and plain HTTP pass unharmed.
 */
export class FrameDroppingProxy {
  /** While true, whole messages of the server are lost. */
  isDropping = false;
  /** The messages that were lost, as text. */
  readonly dropped: string[] = [];
  /** The codes of all close frames that the server sent. */
  readonly closeCodes: number[] = [];
  /** Upgraded connections so far. */
  upgrades = 0;
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on("connection", (client) => this.#join(client));
  }

  /** Listens on a free port. Connections before `leadTo` lead nowhere. */
  static async open(): Promise<FrameDroppingProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("It has no port.");
    return new FrameDroppingProxy(server, address.port);
  }

  /** Base URL of the server as seen through the proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The port to which connections lead from now on. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** Breaks every connection, with what is under way on it. New ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    const pass = this.#filter((bytes) => client.write(bytes));
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", pass);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  /** Takes what the server sends on one connection: frames after an answer of 101, anything else as it is. */
  #filter(write: (bytes: Buffer) => void): (bytes: Buffer) => void {
    let kind: "unknown" | "http" | "websocket" = "unknown";
    let rest: Buffer = Buffer.alloc(0);
    let isLosingMessage = false;
    const onFrame = (frame: WebSocketFrame) => {
      if (frame.kind === "close") this.closeCodes.push(frame.code);
      if (frame.kind !== "data") return write(frame.bytes);
      // A message is lost whole, whatever it was split into.
      if (frame.isFirst) isLosingMessage = this.isDropping;
      if (isLosingMessage) this.dropped.push(frame.payload.toString());
      else write(frame.bytes);
    };
    return (bytes) => {
      if (kind === "http") return write(bytes);
      rest = Buffer.concat([rest, bytes]);
      if (kind === "unknown") {
        const end = rest.indexOf(HEAD_END);
        if (end === -1) return;
        kind = rest.toString("latin1", 0, end).startsWith("HTTP/1.1 101") ? "websocket" : "http";
        const head = kind === "http" ? rest : rest.subarray(0, end + HEAD_END.length);
        write(head);
        rest = rest.subarray(head.length);
        if (kind === "http") return;
        this.upgrades += 1;
      }
      const { frames, unread } = splitFrames(rest);
      rest = unread;
      frames.forEach(onFrame);
    };
  }
}
