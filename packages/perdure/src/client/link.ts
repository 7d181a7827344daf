/** The connection: opened again whenever it breaks, unless the server says that this is of no use. */

import ReconnectingWebSocket from "partysocket/ws";
import type { Problem } from "../protocol/index.ts";
import { FINAL_CLOSES, PING, PONG } from "../protocol/index.ts";
import { Heartbeat } from "./heartbeat.ts";

/** A WebSocket constructor: the browser's, Node's from 22 on, or the one of the `ws` package. */
export type WebSocketConstructor = new (
  url: string,
  protocols?: string[],
) => {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
};

/** A bearer token, or a function that is asked for one before each connection. */
export type TokenSource = string | (() => string | Promise<string>);

interface LinkOptions {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly WebSocket: WebSocketConstructor;
  readonly now: () => number;
  readonly random: () => number;
  readonly onOpen: () => void;
  /** A frame arrived. */
  readonly onText: (text: string) => void;
  /** The connection, or an attempt at one, failed; another will be made. */
  readonly onDrop: () => void;
  /** The server closed the link for good. */
  readonly onFinal: (problem: Problem) => void;
}

/** Shortest and longest wait before a new attempt in milliseconds, before jitter; each is 1.6 times the one before. */
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 15_000;
const BACKOFF_GROWTH = 1.6;

/** How long an attempt may take: the library's 4 s are too few for a phone that has just woken. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that lasted this long was good: the next wait is the shortest again. The library's 5 s are a long memory. */
const HEALTHY_AFTER_MS = 1_000;

/** Statuses that another attempt does not change: no such id, not let in, not allowed, not there. */
const REFUSALS = new Set([400, 401, 403, 404]);

export class Link {
  readonly #options: LinkOptions;
  readonly #heartbeat: Heartbeat;
  #socket: ReconnectingWebSocket | undefined;
  #isBackingOff = false;
  #wasOpen = false;
  /** Why the server closed the connection for good. */
  #end: Problem | undefined;
  /** Whether a token function was asked once more since the server last took a token. */
  #isTokenRetried = false;
  #stopListening: (() => void) | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat({
      now: options.now,
      ping: () => this.send(PING),
      onDead: () => {
        this.open();
        options.onDrop();
      },
    });
  }

  /** Connects at once, in place of any connection, attempt or backoff there is. */
  open(): void {
    this.#discard();
    this.#end = undefined;
    const { url, WebSocket, random } = this.#options;
    const socket = new ReconnectingWebSocket(
      () => {
        if (socket === this.#socket) this.#isBackingOff = this.#wasOpen = false;
        return url;
      },
      async () => (socket === this.#socket ? await this.#protocols() : null),
      {
        WebSocket,
        // Read anew for every wait: the library has no jitter, and clients that a restart cut off must not return as one.
        get minReconnectionDelay() {
          return FIRST_BACKOFF_MS * (0.5 + random() / 2);
        },
        get maxReconnectionDelay() {
          return LONGEST_BACKOFF_MS * (0.5 + random() / 2);
        },
        reconnectionDelayGrowFactor: BACKOFF_GROWTH,
        connectionTimeout: CONNECT_TIMEOUT_MS,
        minUptime: HEALTHY_AFTER_MS,
        // The outbox knows what must be sent again; a second queue would send what is out of date.
        maxEnqueuedMessages: 0,
        shouldReconnectOnClose: ({ code, reason }) => {
          this.#end = this.#endOf(code, reason);
          return this.#end === undefined;
        },
      },
    );
    this.#socket = socket;
    // What a discarded connection still reports is of no concern.
    const whileCurrent =
      <Arguments extends readonly unknown[]>(handle: (...values: Arguments) => void) =>
      (...values: Arguments) => {
        if (socket === this.#socket) handle(...values);
      };
    socket.addEventListener(
      "open",
      whileCurrent(() => this.#onOpen()),
    );
    socket.addEventListener(
      "message",
      whileCurrent((event: MessageEvent<unknown>) => this.#onMessage(event.data)),
    );
    socket.addEventListener(
      "close",
      whileCurrent(() => this.#onClose()),
    );
    this.#stopListening ??= onWake(() => this.#doubt());
  }

  close(): void {
    this.#discard();
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** @returns Whether there was an open connection to send on. */
  send(text: string): boolean {
    return this.#socket?.send(text) ?? false;
  }

  /** The server took the token. */
  onAccepted(): void {
    this.#isTokenRetried = false;
  }

  #discard(): void {
    this.#heartbeat.stop();
    this.#isBackingOff = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #onOpen(): void {
    this.#wasOpen = true;
    this.#heartbeat.start();
    this.#options.onOpen();
  }

  #onMessage(data: unknown): void {
    this.#heartbeat.heard();
    if (typeof data === "string" && data !== PONG) this.#options.onText(data);
  }

  #onClose(): void {
    this.#heartbeat.stop();
    if (this.#end === undefined) {
      this.#isBackingOff = true;
      this.#options.onDrop();
      if (!this.#wasOpen) void this.#askWhy();
    } else {
      this.close();
      this.#options.onFinal(this.#end);
    }
  }

  /** A browser hides why an upgrade was refused; the session's description is refused for the same reason, and tells. */
  async #askWhy(): Promise<void> {
    const socket = this.#socket;
    const { url, onFinal } = this.#options;
    try {
      const token = (await this.#protocols())?.[1]?.slice("perdure.token.".length);
      const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(url.replace(/^ws(.*)\/ws$/, "http$1"), { headers });
      if (!REFUSALS.has(response.status)) return;
      const problem = (await response.json()) as Problem;
      if (socket !== this.#socket) return;
      this.close();
      onFinal(problem);
    } catch {
      // No answer either: the server is away, and the next attempt is under way.
    }
  }

  /** The page was asleep or without network: the link may be dead, or the wait for the next attempt out of date. */
  #doubt(): void {
    if (this.#isBackingOff) this.open();
    else this.#heartbeat.probe();
  }

  /** Why a close is final; undefined where another attempt is of use. */
  #endOf(code: number, reason: string): Problem | undefined {
    const end = FINAL_CLOSES[code];
    const { token } = this.#options;
    if (end === "unauthorized" && typeof token === "function" && !this.#isTokenRetried) {
      this.#isTokenRetried = true;
      return undefined;
    }
    return end && { code: end, detail: reason || `Closed for good: ${end}.` };
  }

  async #protocols(): Promise<string[] | null> {
    const { token } = this.#options;
    if (token === undefined) return null;
    return ["perdure", `perdure.token.${typeof token === "function" ? await token() : token}`];
  }
}

/** Calls back when the page is looked at again or the network returns. @returns A function that ends this. */
function onWake(callback: () => void): () => void {
  const listening = new AbortController();
  if (typeof document !== "undefined") {
    const { signal } = listening;
    addEventListener("online", callback, { signal });
    document.addEventListener(
      "visibilitychange",
      () => {
        if (document.visibilityState === "visible") callback();
      },
      { signal },
    );
  }
  return () => listening.abort();
}
