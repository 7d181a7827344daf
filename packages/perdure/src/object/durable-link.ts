import { PerdureError } from "../protocol/index.ts";
import type { Attachment, Link } from "./link.ts";

/** Largest attachment that the platform keeps. */
const MAX_ATTACHMENT_BYTES = 16_384;

/** Longest reason of a close frame: 125 bytes of payload less 2 for the code (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123;

/** A hibernatable WebSocket as a `Link`. */
export class DurableLink implements Link {
  readonly socket: WebSocket;
  #attachment: Attachment;
  #hasClosed = false;

  private constructor(socket: WebSocket, attachment: Attachment) {
    this.socket = socket;
    this.#attachment = attachment;
  }

  /** Wraps a socket that is to be accepted. Throws where the attachment is larger than the platform keeps. */
  static create(socket: WebSocket, attachment: Attachment): DurableLink {
    const link = new DurableLink(socket, attachment);
    link.#keep();
    return link;
  }

  /** Wraps a socket that has outlived the object's memory. */
  static restore(socket: WebSocket): DurableLink | undefined {
    const attachment = socket.deserializeAttachment() as Attachment | null;
    return attachment === null ? undefined : new DurableLink(socket, attachment);
  }

  /** Whether this side has closed the socket. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** Whether either side has closed the socket. */
  get isClosed(): boolean {
    return this.socket.readyState !== WebSocket.OPEN;
  }

  get attachment(): Attachment {
    return this.#attachment;
  }

  attach(change: Partial<Attachment>): void {
    const before = this.#attachment;
    this.#attachment = { ...before, ...change };
    try {
      this.#keep();
    } catch (error) {
      this.#attachment = before;
      throw error;
    }
  }

  send(data: string | Uint8Array): boolean {
    try {
      this.socket.send(data);
      return true;
    } catch {
      return false;
    }
  }

  close(code: number, reason: string): void {
    this.#hasClosed = true;
    try {
      this.socket.close(code, shorten(reason));
    } catch {
      // The other side was faster.
    }
  }

  #keep(): void {
    try {
      this.socket.serializeAttachment(this.#attachment);
    } catch (cause) {
      // Too large, or something in it cannot be cloned: the platform knows exactly.
      throw new PerdureError(
        "too_large",
        `What is kept with a socket must be cloneable and at most ${MAX_ATTACHMENT_BYTES} bytes: ${String(cause)}`,
      );
    }
  }
}

function shorten(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  return bytes.length <= MAX_REASON_BYTES
    ? reason
    : new TextDecoder().decode(bytes.slice(0, MAX_REASON_BYTES - 3)).replace(/\uFFFD$/, "");
}
