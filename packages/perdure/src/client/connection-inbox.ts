/** Events that arrive: counted, so that nothing is missed over a reconnect, and handed out in the order in which they were sent. */

import type { ConnectionHello, ConnectionWelcome, ServerEventFrame } from "../protocol/index.ts";

export class ConnectionInbox {
  readonly #handOut: (frame: ServerEventFrame) => void;
  /** The last connection that had a welcome. */
  #resume: ConnectionHello["resume"];
  /** The id of the present connection, once it had its welcome. */
  #socket: string | undefined;
  /** How many events arrived on the present connection. */
  #received = 0;
  /** Those that arrived ahead of its welcome. */
  #early: ServerEventFrame[] = [];
  /** Those that wait until what was missed before them is here. */
  #waiting: ServerEventFrame[] = [];
  /** How many of those that were missed are still to come. */
  #missing = 0;

  /** @param handOut Gets every event, once. */
  constructor(handOut: (frame: ServerEventFrame) => void) {
    this.#handOut = handOut;
  }

  /** Whether all that was missed is here. */
  get isLive(): boolean {
    return this.#socket !== undefined && this.#missing === 0;
  }

  /** A connection was opened. @returns What to say about the one before. */
  onOpen(): ConnectionHello["resume"] {
    this.#socket = undefined;
    this.#received = 0;
    // These came on a connection that is never named: the object does not know of them, and sends them again.
    this.#early = [];
    return this.#resume;
  }

  onWelcome(welcome: ConnectionWelcome): void {
    this.#socket = welcome.socket;
    this.#missing = welcome.missed ?? 0;
    this.#count();
    this.#waiting.push(...this.#early.splice(0));
    this.#release();
  }

  onEvent(frame: ServerEventFrame): void {
    this.#received += 1;
    if (this.#socket === undefined) {
      this.#early.push(frame);
      return;
    }
    this.#count();
    this.#handOut(frame);
    if (this.#missing === 0) return;
    this.#missing -= 1;
    this.#release();
  }

  #count(): void {
    if (this.#socket !== undefined)
      this.#resume = { socket: this.#socket, received: this.#received };
  }

  #release(): void {
    if (this.#missing > 0) return;
    for (const frame of this.#waiting.splice(0)) this.#handOut(frame);
  }
}
