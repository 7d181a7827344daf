/** One WebSocket as the dialer needs it: small enough for a simulation to cut, delay and lose what travels on it. */

import type { Problem } from "perdure/protocol";

/** Where to dial, and as whom. */
export interface SocketTarget {
  /** `ws:` or `wss:`. */
  readonly url: string;
  /** Goes into the `Authorization` header. */
  readonly token: string | undefined;
}

/** Whom a socket tells. Nothing is told before `OpenSocket` has returned. */
export interface SocketListener {
  readonly onOpen: () => void;
  /** A text frame has arrived. */
  readonly onMessage: (text: string) => void;
  /** The server answered the upgrade with this HTTP status instead. The socket stays until it is terminated. */
  readonly onRefused: (status: number, problem: Problem) => void;
  /** What went wrong, for people. The close follows. */
  readonly onError: (message: string) => void;
  /** It is over: the last call, and the only one that always comes. 1006 where no close frame said a code. */
  readonly onClose: (code: number, reason: string) => void;
}

/** A socket that is open or on its way. */
export interface RunnerSocket {
  /** Sends a text frame. Does nothing where the socket is not open. */
  send(text: string): void;
  /** Begins to close. A peer that is gone does not answer, so `onClose` may take long. */
  close(code: number, reason: string): void;
  /** Ends it at once, also before it has opened. */
  terminate(): void;
}

/** Dials. An attempt that takes longer than 10 s ends by itself. @throws Error where the URL makes no sense. */
export type OpenSocket = (target: SocketTarget, listener: SocketListener) => RunnerSocket;
