/** The link to a shard: who speaks, what has arrived, and whether the shard answers. */

import type { Problem, ShardHello, ShardServerFrame } from "../protocol/index.ts";
import {
  ACKNOWLEDGE_AFTER_BYTES,
  DEAD_LINK_MS,
  parseShardServerFrame,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import type { LinkState } from "./client-state.ts";
import type { WebSocketConstructor } from "./dialer.ts";
import type { TokenSource } from "./link.ts";
import { Link } from "./link.ts";

interface ShardLinkOptions {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly WebSocket: WebSocketConstructor;
  readonly now: () => number;
  readonly random: () => number;
  /** Whether everything that was asked for is here. */
  readonly isAnswered: () => boolean;
  /** A connection was opened, and hello was said. */
  readonly onOpen: () => void;
  /** A frame has come, one of those that are not this class's alone. */
  readonly onFrame: (frame: ShardServerFrame) => void;
  /** There is no connection now. `state` and `problem` say why. */
  readonly onDown: () => void;
}

export class ShardLink {
  readonly #options: ShardLinkOptions;
  readonly #link: Link;
  #state: LinkState = "idle";
  #problem: Problem | undefined;
  /** An error frame that nothing has followed: where a close does, it is the reason. */
  #refusal: Problem | undefined;
  #isWelcome = false;
  /** UTF-16 units that have arrived since the last acknowledgement. */
  #units = 0;
  #answerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ShardLinkOptions) {
    this.#options = options;
    this.#link = new Link({
      url: options.url,
      description: options.url,
      token: options.token,
      WebSocket: options.WebSocket,
      now: options.now,
      random: options.random,
      onOpen: () => this.#onOpen(),
      onText: (text) => this.#onText(text),
      onDrop: () => this.#onDown("offline"),
      // A shard never is.
      isOver: () => true,
      onFinal: (problem) => this.#onDown("closed", this.#refusal ?? problem),
    });
  }

  /** `live` once everything that was asked for first is here. */
  get state(): LinkState {
    return this.#state;
  }

  /** Why the server closed the link for good. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Connects at once, in place of any connection, attempt or backoff there is. */
  open(): void {
    this.#refusal = undefined;
    this.#link.open();
    this.#onDown("connecting");
  }

  close(): void {
    this.#link.close();
    this.#onDown("closed");
  }

  /** @returns Whether there was an open connection to send on. */
  send(text: string): boolean {
    return this.#link.send(text);
  }

  /** Something was asked for, or has come. Pings are answered by the platform: a shard that does not answer must be noticed by itself. */
  watchAnswers(isProgress: boolean): void {
    const isAnswered = this.#isWelcome && this.#options.isAnswered();
    if (isAnswered && this.#state === "catching-up") this.#state = "live";
    if (isAnswered || isProgress) this.#stopWatching();
    if (!isAnswered) this.#answerTimer ??= setTimeout(() => this.open(), DEAD_LINK_MS);
  }

  #onOpen(): void {
    const hello: ShardHello = { t: "hello", v: PROTOCOL_VERSION };
    this.#link.send(JSON.stringify(hello));
    this.#units = 0;
    this.#state = "catching-up";
    this.watchAnswers(true);
    this.#options.onOpen();
  }

  #onText(text: string): void {
    const frame = parseShardServerFrame(text);
    this.#acknowledge(text.length);
    this.#refusal = frame?.t === "error" ? frame.error : undefined;
    if (frame === undefined) return;
    if (frame.t === "welcome") {
      this.#isWelcome = true;
      this.#link.onAccepted();
    }
    this.#options.onFrame(frame);
  }

  #acknowledge(units: number): void {
    this.#units += units;
    if (this.#units < ACKNOWLEDGE_AFTER_BYTES) return;
    this.#link.send(JSON.stringify({ t: "ack", units: this.#units }));
    this.#units = 0;
  }

  #onDown(state: "connecting" | "offline" | "closed", problem?: Problem): void {
    this.#stopWatching();
    this.#isWelcome = false;
    this.#state = state;
    this.#problem = problem;
    this.#options.onDown();
  }

  #stopWatching(): void {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
  }
}
