import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A stretch of network between a client and a server on this machine that breaks when a test says so. */
export class CutProxy {
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
  static async open(): Promise<CutProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("It has no port.");
    return new CutProxy(server, address.port);
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
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (data) => to.write(data));
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
