/** A WebSocket of the load side. It counts what arrives and hands frames to whoever waits for one. */

import { once } from "node:events";
import { WebSocket } from "ws";

/** How long anything that was asked for may take. */
const TIMEOUT_MS = 60_000;

/** The first byte of a frame that is a bare JSON string: a token. */
const QUOTE = '"'.charCodeAt(0);

/** What an open socket has got so far. */
export class Socket {
  readonly #socket: WebSocket;
  /** Frames that are bare JSON strings. */
  tokens = 0;
  /** Bytes of payload. */
  bytes = 0;
  /** Bytes of payload with the headers of their frames (RFC 6455 §5.2; a server does not mask). */
  wireBytes = 0;
  /** Called after each frame of any kind. */
  onArrival: (() => void) | undefined;
  /** Called with each frame that is no bare string; where it is missing these are not parsed. */
  onFrame: ((frame: unknown) => void) | undefined;
  /** Called after each bare string. */
  onToken: (() => void) | undefined;

  private constructor(url: string) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on("message", (data) => this.#receive(data as Buffer));
    this.#socket.on("error", () => {});
  }

  /** Opens a socket. The handler sees every frame from the first on. */
  static async open(url: string, onFrame?: (frame: unknown) => void): Promise<Socket> {
    const socket = new Socket(url);
    socket.onFrame = onFrame;
    await once(socket.#socket, "open", { signal: AbortSignal.timeout(TIMEOUT_MS) });
    socket.#socket.on("close", (code, reason) => {
      if (code !== 1000) console.error(`A socket was closed: ${code} ${String(reason)}`);
    });
    return socket;
  }

  send(frame: object | string): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close", { signal: AbortSignal.timeout(TIMEOUT_MS) });
    this.#socket.close(1000);
    await closed;
  }

  #receive(data: Buffer): void {
    this.bytes += data.length;
    this.wireBytes += data.length + (data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10);
    if (data[0] === QUOTE) {
      this.tokens += 1;
      this.onToken?.();
    } else if (this.onFrame !== undefined) this.onFrame(JSON.parse(data.toString()));
    this.onArrival?.();
  }
}

/** Something that changes, and whoever waits for it to have come so far. */
export class Progress {
  #listener: (() => void) | undefined;

  /** Call it after each change. */
  changed(): void {
    this.#listener?.();
  }

  /** Resolves when `check` says so. One may wait at a time. */
  until(what: string, check: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (check()) return resolve();
      const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}.`)), TIMEOUT_MS);
      this.#listener = () => {
        if (!check()) return;
        clearTimeout(timer);
        this.#listener = undefined;
        resolve();
      };
    });
  }
}
