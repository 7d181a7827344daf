/** The connection: opened again whenever it breaks, unless the server says that this is of no use. */

import type { ErrorCode, Problem } from "../protocol/index.ts";
import { FINAL_CLOSES, PING, PONG } from "../protocol/index.ts";
import type { WebSocketConstructor } from "./dialer.ts";
import { Dialer } from "./dialer.ts";
import { Heartbeat } from "./heartbeat.ts";

/** A bearer token, or a function that is asked for one before each connection. */
export type TokenSource = string | (() => string | Promise<string>);

interface LinkOptions {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly WebSocket: WebSocketConstructor;
  readonly now: () => number;
  readonly random: () => number;
  readonly onOpen: () => void;
  /** Where a plain request is told why the upgrade is refused. Default: the session that the socket is of. */
  readonly description?: string;
  /** A frame arrived. */
  readonly onText: (text: string) => void;
  /** A binary frame arrived. Default: nobody wants any. */
  readonly onBytes?: (bytes: ArrayBuffer) => void;
  /** The connection, or an attempt at one, failed; another will be made. */
  readonly onDrop: () => void;
  /** Whether all is known of a session that is over. */
  readonly isOver: () => boolean;
  /** The server closed the link for good. */
  readonly onFinal: (problem: Problem) => void;
}

/** Statuses that another attempt does not change: no such id, not let in, not allowed, not there. */
const REFUSALS: Readonly<Record<number, ErrorCode>> = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
};

export class Link {
  readonly #options: LinkOptions;
  readonly #heartbeat: Heartbeat;
  readonly #dialer: Dialer;
  /** Stands for what was opened last, until it is closed. */
  #opened: object | undefined;
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
    this.#dialer = new Dialer({
      url: options.url,
      WebSocket: options.WebSocket,
      random: options.random,
      protocols: () => this.#protocols(),
      onAttempt: () => {
        this.#isBackingOff = this.#wasOpen = false;
      },
      onOpen: () => this.#onOpen(),
      onMessage: (data) => this.#onMessage(data),
      isFinal: (code, reason) => {
        this.#end = this.#endOf(code, reason);
        return this.#end !== undefined;
      },
      onClose: () => this.#onClose(),
    });
  }

  /** Connects at once, in place of any connection, attempt or backoff there is. */
  open(): void {
    this.#heartbeat.stop();
    this.#end = undefined;
    this.#opened = {};
    this.#dialer.open();
    this.#stopListening ??= onWake(() => this.#doubt());
  }

  close(): void {
    this.#heartbeat.stop();
    this.#opened = undefined;
    this.#dialer.close();
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** @returns Whether there was an open connection to send on. */
  send(frame: string | Uint8Array<ArrayBuffer>): boolean {
    return this.#dialer.send(frame);
  }

  /** The server took the token. */
  onAccepted(): void {
    this.#isTokenRetried = false;
  }

  #onOpen(): void {
    this.#wasOpen = true;
    this.#heartbeat.start();
    this.#options.onOpen();
  }

  #onMessage(data: unknown): void {
    this.#heartbeat.heard();
    if (typeof data !== "string") this.#options.onBytes?.(data as ArrayBuffer);
    else if (data !== PONG) this.#options.onText(data);
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

  /** A browser hides why an upgrade was refused; a plain request is refused for the same reason, and tells. */
  async #askWhy(): Promise<void> {
    const opened = this.#opened;
    const { url, description = url.replace(/\/ws$/, ""), onFinal } = this.#options;
    try {
      const token = (await this.#protocols())?.[1]?.slice("perdure.token.".length);
      const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(description.replace("ws", "http"), { headers });
      const code = REFUSALS[response.status];
      if (code === undefined) return;
      // Whoever refuses may do so in words of its own.
      const said = (await response.json().catch(() => null)) as Partial<Problem> | null;
      if (opened !== this.#opened) return;
      this.close();
      const isProblem = typeof said?.code === "string" && typeof said.detail === "string";
      onFinal(isProblem ? (said as Problem) : { code, detail: "The server refuses this." });
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
    // What came before the end was lost on the way, and is there for who asks again.
    if (end === "session_terminated" && !this.#options.isOver()) return undefined;
    return end && { code: end, detail: reason || `Closed for good: ${end}.` };
  }

  async #protocols(): Promise<string[] | undefined> {
    const { token } = this.#options;
    if (token === undefined) return undefined;
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
