import type { Problem } from "perdure/protocol";
import { CLOSE, DEAD_LINK_MS, PING, PING_INTERVAL_MS, PONG } from "perdure/protocol";
import type { RelayLink } from "./relay-ports.ts";
import type { OpenSocket, RunnerSocket } from "./socket-port.ts";

/** What a dialer needs to know, and whom it tells. */
export interface DialerOptions {
  /** Where to dial: `ws:` or `wss:`. */
  readonly url: string;
  /** Called for each attempt, so that a token may be a fresh one. */
  readonly token: () => Promise<string | undefined>;
  readonly openSocket: OpenSocket;
  readonly onOpen: (link: RelayLink) => void;
  readonly onMessage: (text: string) => void;
  /** A connection that was open is gone. Returns whether to dial again. */
  readonly onClose: (code: number, reason: string) => boolean;
  /** The server answered the attempt with an error that dialling again will not change. */
  readonly onRefused: (problem: Problem) => void;
  /** Told why an attempt failed and when the next one comes. */
  readonly onRetry?: (why: string, waitMs: number) => void;
}

/** The wait before each attempt is between half of this and all of it, doubled for each that failed. */
const FIRST_WAIT_MS = 300;

/** The longest wait: a server that comes back is found soon enough. */
const LONGEST_WAIT_MS = 10_000;

/** Says that this runner does not dial again. */
const GOODBYE = 1000;

/** How long the other side may take to answer a close, in milliseconds: one that is gone never does. */
const CLOSE_GRACE_MS = 1_000;

/** Answers that a later attempt may turn into a connection: overload, and a server that is starting. */
const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

/** Keeps one WebSocket to the session open: dials, pings, notices a dead link, waits, and dials again. */
export class Dialer {
  readonly #options: DialerOptions;
  #socket: RunnerSocket | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Dials, now and whenever the connection is lost, until `stop`. */
  start(): void {
    void this.#dial();
  }

  /** Closes the connection and dials no more. */
  stop(reason: string): void {
    this.#isStopped = true;
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) closeOrEnd(socket, GOODBYE, reason);
  }

  async #dial(): Promise<void> {
    try {
      const token = await this.#options.token();
      if (!this.#isStopped) this.#open(token);
    } catch (error) {
      // There is no token at the moment: its file is being replaced.
      this.#retry(error instanceof Error ? error.message : String(error));
    }
  }

  #open(token: string | undefined): void {
    const { url, openSocket } = this.#options;
    let failure = "the connection was lost";
    let isOpen = false;
    let lastHeard = Date.now();
    let heartbeat: NodeJS.Timeout | undefined;
    const socket = openSocket(
      { url, token },
      {
        onOpen: () => {
          isOpen = true;
          lastHeard = Date.now();
          heartbeat = setInterval(() => {
            if (Date.now() - lastHeard > DEAD_LINK_MS) return socket.terminate();
            socket.send(PING);
          }, PING_INTERVAL_MS);
          if (this.#socket !== socket) return;
          this.#options.onOpen({
            send: (frame) => socket.send(frame),
            redial: (reason) => closeOrEnd(socket, CLOSE.goingAway, reason),
          });
        },
        onMessage: (text) => {
          lastHeard = Date.now();
          if (this.#socket !== socket || text === PONG) return;
          this.#failures = 0;
          this.#options.onMessage(text);
        },
        onRefused: (status, problem) => {
          failure = problem.detail;
          const isFinal = !isPassing(status) && this.#socket === socket;
          if (isFinal) this.#isStopped = true;
          socket.terminate();
          if (isFinal) this.#options.onRefused(problem);
        },
        onError: (message) => {
          failure = message;
        },
        onClose: (code, reason) => {
          clearInterval(heartbeat);
          if (this.#socket !== socket) return;
          this.#socket = undefined;
          if (isOpen) failure = `closed with ${code} ${reason}`.trimEnd();
          const again = isOpen ? this.#options.onClose(code, reason) : true;
          if (again) this.#retry(failure);
        },
      },
    );
    this.#socket = socket;
  }

  #retry(why: string): void {
    if (this.#isStopped) return;
    const longest = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
    const wait = Math.round(longest * (0.5 + Math.random() / 2));
    this.#failures += 1;
    this.#options.onRetry?.(why, wait);
    this.#retryTimer = setTimeout(() => void this.#dial(), wait);
  }
}

/** Closes in good order, and where the other side does not answer, without it. */
function closeOrEnd(socket: RunnerSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
}
