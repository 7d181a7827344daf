import type { IncomingMessage } from "node:http";
import type { Problem } from "perdure/protocol";
import {
  DEAD_LINK_MS,
  isErrorCode,
  isObject,
  PING,
  PING_INTERVAL_MS,
  PONG,
} from "perdure/protocol";
import { WebSocket } from "ws";
import type { RelayLink } from "./relay-ports.ts";

/** What a dialer needs to know, and whom it tells. */
export interface DialerOptions {
  /** Where to dial: `ws:` or `wss:`. */
  readonly url: string;
  /** Called for each attempt, so that a token may be a fresh one. */
  readonly token: () => Promise<string | undefined>;
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

/** How long an attempt may take, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Largest frame taken: the session sends a runner commands, and a prompt is at most 256 KiB. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Answers that a later attempt may turn into a connection: overload, and a server that is starting. */
const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

/** Keeps one WebSocket to the session open: dials, pings, notices a dead link, waits, and dials again. */
export class Dialer {
  readonly #options: DialerOptions;
  #socket: WebSocket | undefined;
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
    socket?.close(1000, reason);
    // A server that does not answer the close must not hold the process.
    setTimeout(() => socket?.terminate(), 1_000).unref();
  }

  async #dial(): Promise<void> {
    const { url, token } = this.#options;
    try {
      const bearer = await token();
      if (this.#isStopped) return;
      const socket = new WebSocket(url, {
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
      });
      this.#socket = socket;
      this.#listen(socket);
    } catch (error) {
      // There is no token at the moment: its file is being replaced.
      this.#retry(error instanceof Error ? error.message : String(error));
    }
  }

  #listen(socket: WebSocket): void {
    let failure = "the connection was lost";
    let isOpen = false;
    let lastHeard = Date.now();
    let heartbeat: NodeJS.Timeout | undefined;
    const hear = (): void => {
      lastHeard = Date.now();
    };
    const refused = async (response: IncomingMessage): Promise<void> => {
      const problem = await problemIn(response);
      failure = problem.detail;
      if (isPassing(response.statusCode ?? 500)) return socket.terminate();
      this.#isStopped = true;
      socket.terminate();
      this.#options.onRefused(problem);
    };
    socket.on("open", () => {
      isOpen = true;
      hear();
      heartbeat = setInterval(() => {
        if (Date.now() - lastHeard > DEAD_LINK_MS) return socket.terminate();
        socket.send(PING);
      }, PING_INTERVAL_MS);
      this.#options.onOpen({
        send: (frame) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(frame);
        },
        redial: (reason) => socket.close(1000, reason),
      });
    });
    socket.on("message", (data, isBinary) => {
      hear();
      if (isBinary || this.#socket !== socket) return;
      const text = Buffer.isBuffer(data) ? data.toString() : "";
      if (text === PONG) return;
      this.#failures = 0;
      this.#options.onMessage(text);
    });
    socket.on("unexpected-response", (_request, response) => {
      void refused(response);
    });
    socket.on("error", (error) => {
      // Ending a refused attempt is an error to the library; the refusal has been told.
      if (!error.message.includes("before the connection was established")) failure = error.message;
    });
    socket.on("close", (code, reason) => {
      clearInterval(heartbeat);
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (isOpen) failure = `closed with ${code} ${reason.toString()}`.trimEnd();
      const again = isOpen ? this.#options.onClose(code, reason.toString()) : true;
      if (again) this.#retry(failure);
    });
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

/** The problem in an HTTP answer, or one made of its status. Reads at most 16 KiB of it. */
async function problemIn(response: IncomingMessage): Promise<Problem> {
  const status = response.statusCode ?? 500;
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > 16 * 1024) break;
    }
    const value: unknown = JSON.parse(text);
    if (isObject(value) && isErrorCode(value["code"]) && typeof value["detail"] === "string") {
      return { code: value["code"], detail: value["detail"] };
    }
  } catch {
    // Not a problem document: the status has to do.
  }
  return { code: "unavailable", detail: `The server answered with HTTP status ${status}.` };
}
