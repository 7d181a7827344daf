import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A port on which nothing listens: those below 1024 are not given to tests. */
const NOWHERE = 1;

/** Takes what the server sends on one connection, and writes of it what the client is to get. */
export type Filter = (write: (bytes: Buffer) => void) => (bytes: Buffer) => void;

/** A stretch of network between a client and a server on this machine that breaks when a test says so. */
export class CutProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #filter: Filter;
  readonly #sockets = new Set<Socket>();
  #target = NOWHERE;

  private constructor(server: Server, port: number, filter: Filter) {
    this.#server = server;
    this.port = port;
    this.#filter = filter;
    server.on("connection", (client) => this.#join(client));
  }

  /** Listens on a free port. Connections before `leadTo` lead nowhere. Without a filter the client gets everything. */
  static async open(filter: Filter = (write) => write): Promise<CutProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("It has no port.");
    return new CutProxy(server, address.port, filter);
  }

  /** The server's name as seen through the proxy. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Base URL of the server as seen through the proxy. */
  get url(): string {
    return `http://${this.host}`;
  }

  /** The port to which connections lead from now on. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** Breaks every connection, with what is under way on it. New ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks every connection; new ones lead nowhere until `leadTo`. */
  cutOff(): void {
    this.#target = NOWHERE;
    this.cut();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    client.on("data", (bytes) => server.write(bytes));
    server.on(
      "data",
      this.#filter((bytes) => client.write(bytes)),
    );
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
}
