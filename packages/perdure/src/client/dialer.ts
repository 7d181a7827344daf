/** One attempt after another at a connection, until somebody says that this is of no use. */

/** A WebSocket constructor: the browser's, Node's from 22 on, or the one of the `ws` package. */
export type WebSocketConstructor = new (
  url: string,
  protocols?: string[],
) => {
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
};

interface DialerOptions {
  readonly url: string;
  readonly WebSocket: WebSocketConstructor;
  readonly random: () => number;
  /** Asked before each attempt; one that fails is an attempt that failed. */
  readonly protocols: () => Promise<string[] | undefined>;
  /** An attempt begins. */
  readonly onAttempt: () => void;
  readonly onOpen: () => void;
  readonly onMessage: (data: unknown) => void;
  /** Whether a connection that ended like this, or an attempt at one, is the last. */
  readonly isFinal: (code: number, reason: string) => boolean;
  /** A connection, or an attempt at one, has ended. */
  readonly onClose: () => void;
}

/** What every WebSocket has, and `WebSocketConstructor` leaves out, because each library types it otherwise. */
interface Socket {
  binaryType: string;
  addEventListener(
    type: string,
    listener: (event: {
      readonly data: unknown;
      readonly code: number;
      readonly reason: string;
    }) => void,
  ): void;
}

/** Shortest and longest wait before a new attempt in milliseconds, before jitter; each is 1.6 times the one before. */
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 15_000;
const BACKOFF_GROWTH = 1.6;

/** How long an attempt may take: a phone that has just woken needs some time. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that lasted this long was good: the next wait is the shortest again. */
const HEALTHY_AFTER_MS = 1_000;

/** Closed without a close frame (RFC 6455 §7.1.5). */
const ABNORMAL = 1006;

const OPEN = 1;

export class Dialer {
  readonly #options: DialerOptions;
  #socket: InstanceType<WebSocketConstructor> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Rises with every attempt and every end: what an earlier one still reports is of no concern. */
  #generation = 0;
  #failures = 0;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Connects at once, in place of any connection, attempt or wait there is. */
  open(): void {
    this.#failures = 0;
    void this.#attempt();
  }

  close(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#socket = undefined;
  }

  /** @returns Whether there was an open connection to send on. */
  send(frame: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(frame);
    return true;
  }

  async #attempt(): Promise<void> {
    this.close();
    const generation = this.#generation;
    const whileCurrent =
      <Arguments extends readonly unknown[]>(handle: (...values: Arguments) => void) =>
      (...values: Arguments) => {
        if (generation === this.#generation) handle(...values);
      };
    const ended = whileCurrent((code: number, reason: string) => this.#ended(code, reason));
    const failed = () => ended(ABNORMAL, "");
    const { url, WebSocket, protocols, onAttempt, onOpen, onMessage } = this.#options;
    onAttempt();
    this.#timer = setTimeout(failed, CONNECT_TIMEOUT_MS);
    try {
      const offered = await protocols();
      if (generation !== this.#generation) return;
      this.#socket = new WebSocket(url, offered);
      const socket = this.#socket as unknown as Socket;
      socket.binaryType = "arraybuffer";
      const opened = whileCurrent(() => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => (this.#failures = 0), HEALTHY_AFTER_MS);
        onOpen();
      });
      socket.addEventListener("open", opened);
      socket.addEventListener(
        "message",
        whileCurrent(({ data }) => onMessage(data)),
      );
      socket.addEventListener("close", ({ code, reason }) => ended(code, reason));
      // A close follows; but where nobody listens, `ws` throws.
      socket.addEventListener("error", () => {});
    } catch {
      failed();
    }
  }

  #ended(code: number, reason: string): void {
    this.close();
    const { isFinal, onClose, random } = this.#options;
    if (!isFinal(code, reason)) {
      const wait = Math.min(
        FIRST_BACKOFF_MS * BACKOFF_GROWTH ** this.#failures,
        LONGEST_BACKOFF_MS,
      );
      this.#failures += 1;
      // Clients that a restart cut off must not return as one.
      this.#timer = setTimeout(() => void this.#attempt(), wait * (0.5 + random() / 2));
    }
    onClose();
  }
}
