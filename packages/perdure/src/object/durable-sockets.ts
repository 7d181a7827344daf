/** The hibernatable sockets of one object: which are open, and what each may send. */

import { MAX_CLIENT_FRAME_BYTES, MAX_RUNNER_FRAME_BYTES, PerdureError } from "../protocol/index.ts";
import { systemClock } from "./clock.ts";
import { DurableLink } from "./durable-link.ts";
import type { Connection, ConnectionKind } from "./identity.ts";
import type { FrameLimits } from "./rate-limit.ts";
import { RateLimit } from "./rate-limit.ts";

/** What of the platform's object sockets need. */
type SocketHost = Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets">;

/** All sockets of an object, those too that have outlived its memory. */
export class DurableSockets {
  readonly #host: SocketHost;
  readonly #limitsOf: (kind: ConnectionKind) => FrameLimits;
  readonly #links = new Map<WebSocket, DurableLink>();
  readonly #limits = new WeakMap<DurableLink, RateLimit>();
  readonly #ended = new WeakSet<WebSocket>();

  constructor(host: SocketHost, limitsOf: (kind: ConnectionKind) => FrameLimits) {
    this.#host = host;
    this.#limitsOf = limitsOf;
    for (const link of restoredLinks(host.getWebSockets())) this.#links.set(link.socket, link);
  }

  /** Those that are open, in the order in which they were accepted. */
  get open(): readonly DurableLink[] {
    return [...this.#links.values()].filter((link) => !link.isClosed);
  }

  /** How many there are, those that are closing, too. */
  get count(): number {
    return this.#links.size;
  }

  /** The link of a socket; undefined where it is not known here. */
  find(socket: WebSocket): DurableLink | undefined {
    return this.#links.get(socket);
  }

  /**
   * Accepts a new socket. Throws `too_large` where what is kept with it does not fit.
   *
   * @returns Its link, and the other end.
   */
  accept(connection: Connection): { readonly link: DurableLink; readonly client: WebSocket } {
    const { 0: client, 1: server } = new WebSocketPair();
    const link = DurableLink.create(server, {
      ...connection,
      id: crypto.randomUUID(),
      connectedAt: Date.now(),
    });
    this.#host.acceptWebSocket(server, [connection.kind]);
    this.#links.set(server, link);
    return { link, client };
  }

  /** A socket is gone. Answers its link, once. */
  end(socket: WebSocket): DurableLink | undefined {
    if (this.#ended.has(socket)) return undefined;
    this.#ended.add(socket);
    // The platform does not list a socket whose end is the event that woke the object.
    const link = this.#links.get(socket) ?? DurableLink.restore(socket);
    this.#links.delete(socket);
    return link;
  }

  /** Throws where a frame is not within the limits. */
  admit(link: DurableLink, message: string | ArrayBuffer): void {
    const { kind, expiresAt } = link.attachment;
    if (expiresAt !== null && expiresAt <= Date.now())
      throw new PerdureError(
        "unauthorized",
        "The token of this connection has expired; connect with a new one.",
      );
    // What a server of MCP says is as large as what an agent does.
    const isServer = kind === "runner" || kind === "mcp";
    const limit = isServer ? MAX_RUNNER_FRAME_BYTES : MAX_CLIENT_FRAME_BYTES;
    if (isLargerThan(limit, message))
      throw new PerdureError("too_large", `A frame has at most ${limit} bytes.`);
    if (!this.#limitOf(link).take())
      throw new PerdureError("rate_limited", "Too many frames; wait, then reconnect.");
  }

  #limitOf(link: DurableLink): RateLimit {
    const known = this.#limits.get(link);
    if (known !== undefined) return known;
    const { burst, framesPerSecond } = this.#limitsOf(link.attachment.kind);
    const made = new RateLimit(systemClock, burst, framesPerSecond);
    this.#limits.set(link, made);
    return made;
  }
}

function isLargerThan(limit: number, message: string | ArrayBuffer): boolean {
  if (typeof message !== "string") return message.byteLength > limit;
  // UTF-8 has at least one byte, and at most three, for each UTF-16 unit: count exactly only where it matters.
  if (message.length > limit) return true;
  return message.length * 3 > limit && new TextEncoder().encode(message).length > limit;
}

/** Sockets that have outlived the object's memory, in the order in which they were accepted; the platform has its own. */
function restoredLinks(sockets: readonly WebSocket[]): readonly DurableLink[] {
  return sockets
    .toReversed()
    .flatMap((socket) => DurableLink.restore(socket) ?? [])
    .toSorted((a, b) => a.attachment.connectedAt - b.attachment.connectedAt);
}
