/** The network between a client and the Worker's routes: it can be cut, wherever a test wants it to be. */

import { env } from "cloudflare:workers";
import type { WebSocketConstructor } from "../../src/client/index.ts";
import { PING } from "../../src/protocol/index.ts";

type Fetch = (request: Request, env: Cloudflare.Env) => Promise<Response>;

/** Says whether the link breaks at a frame of the client: before it has left, or after it has arrived and before any answer. */
export type Cut = (frame: unknown) => "before" | "after" | undefined;

/** The network of one client. */
export class Network {
  readonly WebSocket: WebSocketConstructor;
  /** Where the link breaks next. */
  cut: Cut = () => undefined;
  /** Whether the object hears of it when a link breaks. */
  isTold = true;
  /** How many connections were opened. */
  opened = 0;
  /** Settles when connections get through. */
  whenUp: Promise<void> = Promise.resolve();
  #line: Line | undefined;

  constructor(fetch: Fetch) {
    const open = (url: string, protocols: readonly string[] = []) => {
      this.#line = new Line(this, fetch, url, protocols);
      return this.#line;
    };
    this.WebSocket = function WebSocket(url: string, protocols?: string[]) {
      return open(url, protocols);
    } as unknown as WebSocketConstructor;
  }

  /** Breaks the link now. */
  break(): void {
    this.#line?.break();
  }

  /** No new connection gets through. @returns Ends this. */
  goDown(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenUp = promise;
    return resolve;
  }
}

/** One connection, as a client sees it. */
class Line extends EventTarget {
  readonly #network: Network;
  #socket: WebSocket | undefined;
  readyState = 0;
  binaryType = "blob";

  constructor(network: Network, fetch: Fetch, url: string, protocols: readonly string[]) {
    super();
    this.#network = network;
    void this.#open(fetch, url, protocols);
  }

  send(data: string | Uint8Array): void {
    const kind = data === PING ? undefined : this.#network.cut(data);
    if (kind === "before") return this.break();
    this.#socket?.send(data);
    if (kind === "after") this.break();
    return undefined;
  }

  close(): void {
    this.readyState = 3;
    this.#socket?.close(1000);
  }

  break(): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    if (this.#network.isTold) this.#socket?.close(1000);
    this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" }));
  }

  async #open(fetch: Fetch, url: string, protocols: readonly string[]): Promise<void> {
    await this.#network.whenUp;
    const headers = { upgrade: "websocket", "sec-websocket-protocol": protocols.join(", ") };
    const { webSocket } = await fetch(new Request(url.replace("ws", "http"), { headers }), env);
    if (this.readyState !== 0) return webSocket?.close(1000);
    if (webSocket === null) {
      this.readyState = 3;
      this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" }));
      return undefined;
    }
    webSocket.addEventListener("message", ({ data }) => {
      if (this.readyState === 1) this.dispatchEvent(new MessageEvent("message", { data }));
    });
    webSocket.addEventListener("close", ({ code, reason }) => {
      if (this.readyState !== 1) return;
      this.readyState = 3;
      this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
    });
    webSocket.binaryType = "arraybuffer";
    webSocket.accept();
    this.#socket = webSocket;
    this.#network.opened += 1;
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
    return undefined;
  }
}
