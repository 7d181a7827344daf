/** The two ends of a WebSocket, as the platform hands them out: the object's end hibernates, the other end is on a wire. */

import type { Message, Side, Wire, WireEnd } from "../world/wire.ts";

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** What the object's host does for a socket. */
export interface SocketHost {
  /** Lets something out once earlier writes are durable. */
  gate(effect: () => void): void;
  /** The text that the platform answers by itself, without waking the object. */
  readonly autoResponse: { readonly request: string; readonly response: string } | undefined;
  onMessage(socket: ServerSocket, text: string): void;
  /** A frame leaves the object: all that was written before it is durable. */
  onSent(socket: ServerSocket, text: string): void;
  /** The object closes the socket. */
  onClosing(socket: ServerSocket, code: number): void;
  onClose(socket: ServerSocket, code: number, reason: string): void;
}

const DIALLED: Side = 1;

/** The object's end. It outlives the object's memory, with its attachment. */
export class ServerSocket implements WireEnd {
  readyState = OPEN;
  readonly #host: SocketHost;
  #wire: Wire | undefined;
  /** What was sent before the upgrade was answered. */
  readonly #early: Message[] = [];
  #attachment: unknown = null;
  #isAccepted = false;

  constructor(host: SocketHost) {
    this.#host = host;
  }

  /** The upgrade was answered: from now on there is a connection. */
  join(wire: Wire): void {
    this.#wire = wire;
    for (const message of this.#early) wire.send(DIALLED, message);
  }

  get wire(): Wire | undefined {
    return this.#wire;
  }

  accept(): void {
    this.#isAccepted = true;
  }

  get isOpen(): boolean {
    return this.readyState === OPEN;
  }

  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  serializeAttachment(value: unknown): void {
    this.#attachment = structuredClone(value);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }

  send(text: string): void {
    if (this.readyState !== OPEN) throw new TypeError("Can't call WebSocket send() after close().");
    this.#host.gate(() => {
      this.#host.onSent(this, text);
      this.#wire?.send(DIALLED, { kind: "text", text });
    });
  }

  close(code = 1005, reason = ""): void {
    if (this.readyState >= CLOSING) return;
    this.readyState = CLOSING;
    this.#host.onClosing(this, code);
    this.#host.gate(() => this.#put({ kind: "close", code, reason }));
  }

  /** The memory behind it is gone for good, and the socket with it. */
  destroy(isTold: boolean): void {
    this.readyState = CLOSED;
    this.#wire?.abandon(DIALLED, isTold);
  }

  receive(message: Message): void {
    if (this.readyState === CLOSED) return;
    if (message.kind === "close") return this.#closed(message.code, message.reason);
    const { autoResponse } = this.#host;
    if (message.text === autoResponse?.request)
      return this.#wire?.send(DIALLED, { kind: "text", text: autoResponse.response });
    this.#host.onMessage(this, message.text);
  }

  lost(): void {
    this.#closed(1006, "");
  }

  #put(message: Message): void {
    if (this.#wire === undefined) this.#early.push(message);
    else this.#wire.send(DIALLED, message);
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    // A close of the object's own was on its way: the handshake is complete.
    const isEcho = this.readyState === CLOSING;
    this.readyState = isEcho ? CLOSED : OPEN;
    this.#host.onClose(this, code, reason);
    this.readyState = CLOSED;
    if (!isEcho && code !== 1006) this.#wire?.send(DIALLED, { kind: "close", code, reason });
  }
}
