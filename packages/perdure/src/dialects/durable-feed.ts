/** The durable events of one session as they come, for a protocol that cannot take an event back. */

import type { Identity, SocketHost } from "../object/index.ts";
import { openObjectSocket } from "../object/index.ts";
import type { ErrorCode, ServerFrame, SessionEvent, Snapshot } from "../protocol/index.ts";
import {
  ACKNOWLEDGE_AFTER_BYTES,
  CLOSE,
  continueRun,
  errorOf,
  parseServerFrame,
  PerdureError,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import type { PlacedEvent } from "./placed-event.ts";
import { placeEvents } from "./placed-event.ts";

/** What a feed brings: an event, or the state that stands for all events up to its position. */
export type FeedItem =
  | { readonly kind: "event"; readonly event: PlacedEvent }
  | { readonly kind: "reset"; readonly snapshot: Snapshot };

/** Bytes that a UTF-16 unit takes at most. Counting them at their most means acknowledging early, never late. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Opens a feed of what comes after a position. Resolves once the object has welcomed it, so that a refusal is still an
 * answer of its own. Throws the object's problem.
 */
export async function openFeed(
  host: SocketHost,
  identity: Identity,
  after: number,
): Promise<DurableFeed> {
  const socket = await openObjectSocket(host, { ...identity, kind: "dialect" });
  const feed = new DurableFeed(socket, after);
  try {
    await feed.welcomed;
  } catch (error) {
    feed.close();
    throw error;
  }
  return feed;
}

/** One internal socket to the object. What it holds is bounded by the object's window of unacknowledged bytes. */
export class DurableFeed {
  /** Settles with the object's welcome, or rejects with the problem it gave instead. */
  readonly welcomed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #inbox: string[] = [];
  #isClosed = false;
  #wake = () => {};
  #position: number;
  #run: SessionEvent | undefined;
  #unacknowledged = 0;

  constructor(socket: WebSocket, after: number) {
    this.#socket = socket;
    this.#position = after;
    const welcomed = Promise.withResolvers<void>();
    this.welcomed = welcomed.promise;
    let isWelcome = false;
    const end = (code: number) => {
      this.#isClosed = true;
      welcomed.reject(problemOfClose(code));
      this.#wake();
    };
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      if (isWelcome) {
        this.#inbox.push(data);
        this.#wake();
        return;
      }
      const frame = parseServerFrame(data);
      if (typeof frame !== "object") return;
      if (frame.t === "error") welcomed.reject(errorOf(frame.error));
      if (frame.t !== "welcome") return;
      isWelcome = true;
      welcomed.resolve();
    });
    socket.addEventListener("close", ({ code }) => end(code));
    socket.addEventListener("error", () => end(CLOSE.broken));
    socket.accept();
    socket.send(JSON.stringify({ t: "hello", v: PROTOCOL_VERSION, after }));
  }

  /**
   * The items frame by frame, until the socket is closed. Asking for the next list says that the last one was passed on,
   * so it may be acknowledged: a consumer that awaits its own reader gives the object that reader's pace. Iterate once.
   */
  async *items(): AsyncGenerator<readonly FeedItem[], void> {
    for (;;) {
      const text = await this.#next();
      if (text === undefined) return;
      const items = this.#read(parseServerFrame(text));
      if (items === undefined) return this.close();
      if (items.length > 0) yield items;
      this.#acknowledge(text.length * MAX_BYTES_PER_UNIT);
    }
  }

  /** Closes the socket; doing so twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close(1000, "the reader left");
    this.#wake();
  }

  async #next(): Promise<string | undefined> {
    while (this.#inbox.length === 0 && !this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#inbox.shift();
  }

  /** What a frame brings; undefined where positions are missing before it, which only a resume can mend. */
  #read(frame: ServerFrame | string | undefined): readonly FeedItem[] | undefined {
    if (typeof frame === "string") {
      if (this.#run === undefined) return undefined;
      const event = { ...continueRun(this.#run, frame), position: this.#position + 1 };
      return this.#advance([event]);
    }
    if (frame?.t === "snapshot") {
      this.#run = undefined;
      this.#position = frame.snapshot.position;
      return [{ kind: "reset", snapshot: frame.snapshot }];
    }
    if (frame?.t !== "events") return [];
    if (frame.p > this.#position + 1) return undefined;
    this.#run = frame.e.at(-1);
    return this.#advance(placeEvents(frame.p, frame.e));
  }

  /** Passes over what was there before: after a resynchronization a page may begin earlier. */
  #advance(events: readonly PlacedEvent[]): readonly FeedItem[] {
    const fresh = events.filter((event) => event.position > this.#position);
    this.#position = fresh.at(-1)?.position ?? this.#position;
    return fresh.map((event) => ({ kind: "event", event }));
  }

  #acknowledge(bytes: number): void {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged < ACKNOWLEDGE_AFTER_BYTES || this.#isClosed) return;
    this.#unacknowledged = 0;
    this.#socket.send(JSON.stringify({ t: "ack", d: this.#position }));
  }
}

/** Close codes that say why an object refused a reader; any other is passing trouble. */
const CODE_OF_CLOSE: Readonly<Record<number, ErrorCode>> = {
  [CLOSE.unauthorized]: "unauthorized",
  [CLOSE.forbidden]: "forbidden",
  [CLOSE.notFound]: "session_not_found",
  [CLOSE.terminated]: "session_terminated",
  [CLOSE.rateLimited]: "rate_limited",
  [CLOSE.tooManyConnections]: "too_many_connections",
};

function problemOfClose(closeCode: number): PerdureError {
  const code = CODE_OF_CLOSE[closeCode] ?? "unavailable";
  return new PerdureError(code, `The session closed the connection (${closeCode}).`);
}
