/** A client of a connection that speaks the wire by hand. */

import { vi } from "vitest";
import type { ConnectionServerFrame } from "../../src/protocol/index.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/index.ts";

/** Somebody with a socket. */
export class Guest {
  readonly #socket: WebSocket;
  readonly #events: [event: string, data: unknown][] = [];
  readonly #closed: Promise<unknown>;
  #count = 0;
  #acknowledged = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as ConnectionServerFrame;
      if (frame.t === "event") this.#events.push([frame.event, frame.data]);
      if (frame.t === "ack") this.#acknowledged = frame.n;
    });
    this.#closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.send(JSON.stringify({ t: "hello", v: PROTOCOL_VERSION, client: crypto.randomUUID() }));
  }

  /** Opens a socket; who it is the query says, as the document has it, or a token. */
  static async connect(url: URL, path: string, userId?: string, token?: string): Promise<Guest> {
    const address = new URL(path, url);
    address.protocol = "ws:";
    if (userId !== undefined) address.searchParams.set("userId", userId);
    const socket = new WebSocket(
      String(address),
      token === undefined ? [] : ["perdure", `perdure.token.${token}`],
    );
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return new Guest(socket);
  }

  send(event: string, data?: unknown): void {
    this.#socket.send(JSON.stringify({ t: "event", event, data }));
  }

  /** The next event that has arrived or will. */
  next(): Promise<[event: string, data: unknown]> {
    return vi.waitFor(
      () => {
        const event = this.#events.shift();
        if (event === undefined) throw new Error("There is no event.");
        return event;
      },
      { timeout: 5_000 },
    );
  }

  /** Until the object has handled all that was sent: events are handled in order, and a numbered one is answered. */
  async settled(): Promise<void> {
    this.#count += 1;
    const n = this.#count;
    this.#socket.send(JSON.stringify({ t: "event", event: "settled", n }));
    await vi.waitFor(
      () => {
        if (this.#acknowledged !== n) throw new Error("It is not all handled.");
      },
      { timeout: 5_000 },
    );
  }

  async close(): Promise<void> {
    this.#socket.close(1000);
    await this.#closed;
  }
}
