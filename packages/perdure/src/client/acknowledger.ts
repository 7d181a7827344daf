/** When to tell the object how far this reader is: it sends no more than a window past that. */

import { ACKNOWLEDGE_AFTER_BYTES } from "../protocol/index.ts";

/** The cursor is acknowledged at the latest this long after it advanced. Each costs the object a wake-up. */
const ACKNOWLEDGE_AFTER_MS = 3_000;

/** The bytes of a frame are not counted but bounded: UTF-8 takes at most three for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;

export class Acknowledger {
  readonly #send: (cursor: number) => void;
  #cursor = 0;
  #acknowledged = 0;
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (cursor: number) => void) {
    this.#send = send;
  }

  /** The reader said hello, which acknowledges its cursor too. */
  onHello(cursor: number): void {
    this.stop();
    this.#cursor = cursor;
    this.#acknowledged = cursor;
    this.#bytes = 0;
  }

  /** The reader has taken a frame. */
  onFrame(text: string, cursor: number): void {
    this.#cursor = cursor;
    this.#bytes += text.length * MOST_BYTES_PER_UNIT;
    if (this.#bytes >= ACKNOWLEDGE_AFTER_BYTES) this.#acknowledge();
    else if (cursor !== this.#acknowledged)
      this.#timer ??= setTimeout(() => this.#acknowledge(), ACKNOWLEDGE_AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #acknowledge(): void {
    this.stop();
    this.#bytes = 0;
    this.#acknowledged = this.#cursor;
    this.#send(this.#cursor);
  }
}
