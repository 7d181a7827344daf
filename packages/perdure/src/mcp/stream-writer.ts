/** The Worker's side of a writer: what a request says, into the session's log, over any number of sockets. */

import type { Clock } from "../object/index.ts";
import { systemClock } from "../object/index.ts";
import { CLOSE, PerdureError } from "../protocol/index.ts";
import type { ClientFacts } from "./kept-session.ts";
import type { PutFrame, Written, WriterFrame } from "./rpc.ts";

/** UTF-16 units that are sent in one frame at most, if one message alone is not more. */
const MAX_FRAME_LENGTH = 512 * 1024;

/** UTF-16 units that wait to be durable before whoever writes is asked to wait. */
const MAX_PENDING_LENGTH = 2 * MAX_FRAME_LENGTH;

/** First wait before a lost socket is opened again, in milliseconds; each later one is twice as long. */
const RECONNECT_MS = 100;

/** How often it is tried in a row: about three seconds, within which the object waits. */
const MAX_RECONNECTS = 6;

/** What a writer hears of its session. */
export interface WriterListener {
  /** The answer to a request of the server's, as JSON. */
  answered(id: string, data: string): void;
  /** The client has cancelled the request. */
  cancelled(): void;
  /** The client reads this stream elsewhere now. */
  moved(): void;
  /** The session is gone, or cannot be reached: nothing is stored any more. */
  lost(error: Error): void;
}

/** A message on its way, and what to do when it is durable. */
interface Pending {
  readonly written: Written;
  readonly done: (position: number) => void;
}

/** How a writer's socket is opened; `isBack` where the one before it was lost. */
export type OpenWriter = (isBack: boolean) => Promise<WebSocket>;

/** Writes the stream of one request. Use it in that request only. */
export class StreamWriter {
  readonly #open: OpenWriter;
  readonly #clock: Clock;
  #listener: WriterListener | undefined;
  #socket: WebSocket | undefined;
  #pending: Pending[] = [];
  /** How many of `pending` are under way. */
  #underWay = 0;
  #number = 0;
  #head = 0;
  #facts: ClientFacts = {};
  #hasLast = false;
  #isOver = false;
  #pendingLength = 0;
  /** Who waits for less to be pending, and for how much less. */
  #waiting: { readonly most: number; readonly resolve: () => void }[] = [];

  private constructor(open: OpenWriter, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** Opens the first socket. Throws what the session refuses it with. */
  static async open(open: OpenWriter, clock: Clock = systemClock): Promise<StreamWriter> {
    const writer = new StreamWriter(open, clock);
    await writer.#connect(false);
    return writer;
  }

  /** Where the log stood when the stream was opened. */
  get head(): number {
    return this.#head;
  }

  /** What the client said of itself, as of then. */
  get facts(): ClientFacts {
    return this.#facts;
  }

  /** Whoever is to hear of the session from now on. */
  listen(listener: WriterListener): void {
    this.#listener = listener;
  }

  /** Sends an event; `done` is called with its position when it is durable, in order. What follows one that `isLast` is dropped. */
  put(event: string, isLast: boolean, done: (position: number) => void): void {
    if (this.#isOver || this.#hasLast) return;
    this.#hasLast = isLast;
    this.#number += 1;
    const written: Written = { n: this.#number, d: event, ...(isLast ? { e: 1 as const } : {}) };
    this.#pending.push({ written, done });
    this.#pendingLength += event.length + 1;
    this.#send();
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    await this.#until(MAX_PENDING_LENGTH);
  }

  /** Resolves when all is durable, or lost; then the socket is closed. */
  async close(): Promise<void> {
    await this.#until(0);
    this.#isOver = true;
    this.#socket?.close(1000, "All is written.");
  }

  /** Resolves when the object has said that the socket is ready. */
  async #connect(isBack: boolean): Promise<void> {
    const socket = await this.#open(isBack);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(String(data)) as WriterFrame;
        if (frame.t !== "ready") return this.#receive(frame);
        this.#ready(socket, frame, isBack);
        resolve();
      });
      socket.addEventListener("close", ({ code }) => {
        reject(new PerdureError("unavailable", "The session closed the socket of a request."));
        this.#closed(socket, code);
      });
      socket.addEventListener("error", () => {
        reject(new PerdureError("unavailable", "The socket of a request failed."));
        this.#closed(socket, CLOSE.goingAway);
      });
      socket.accept();
    });
  }

  #ready(socket: WebSocket, frame: Extract<WriterFrame, { t: "ready" }>, isBack: boolean): void {
    this.#socket = socket;
    this.#underWay = 0;
    if (!isBack) {
      this.#head = frame.head;
      this.#facts = frame.facts;
    }
    this.#kept(frame.n, frame.p);
    if (frame.isOver && this.#pending.length > 0)
      return this.#lose(new Error("The request was given up meanwhile."));
    this.#send();
  }

  #receive(frame: WriterFrame): void {
    if (frame.t === "kept") {
      this.#underWay = 0;
      this.#kept(frame.n, frame.p);
      this.#send();
    }
    if (frame.t === "answer") this.#listener?.answered(frame.id, frame.d);
    if (frame.t === "cancel") this.#listener?.cancelled();
    if (frame.t === "moved") this.#listener?.moved();
  }

  /** Messages up to a number are durable, that one at this position: what is under way is stored together, so the others stand before it. */
  #kept(number: number, position: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].written.n <= number) {
      const { written, done } = this.#pending[0];
      this.#pending.shift();
      this.#pendingLength -= written.d.length + 1;
      done(position - (number - written.n));
    }
    this.#wake();
  }

  async #until(most: number): Promise<void> {
    if (this.#pendingLength <= most) return;
    await new Promise<void>((resolve) => this.#waiting.push({ most, resolve }));
  }

  #wake(): void {
    const ready = this.#waiting.filter(({ most }) => this.#pendingLength <= most);
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }

  /** What comes while something is under way is sent together when that is durable. */
  #send(): void {
    if (this.#underWay > 0 || this.#socket === undefined || this.#pending.length === 0) return;
    let length = 0;
    const batch: Written[] = [];
    for (const { written } of this.#pending) {
      length += written.d.length;
      if (batch.length > 0 && length > MAX_FRAME_LENGTH) break;
      batch.push(written);
    }
    this.#underWay = batch.length;
    const frame: PutFrame = { t: "put", m: batch };
    try {
      this.#socket.send(JSON.stringify(frame));
    } catch {
      // Its close is on the way, and what is pending is sent again after that.
    }
  }

  #closed(socket: WebSocket, code: number): void {
    if (this.#isOver || this.#socket !== socket) return;
    this.#socket = undefined;
    if (code === CLOSE.terminated || code === CLOSE.notFound || code === CLOSE.tooLarge)
      return this.#lose(new Error("The session has ended."));
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    for (let attempt = 0; attempt < MAX_RECONNECTS && !this.#isOver; attempt += 1) {
      await new Promise<void>((resolve) => this.#clock.after(RECONNECT_MS * 2 ** attempt, resolve));
      try {
        return await this.#connect(true);
      } catch (error) {
        if (error instanceof PerdureError && error.code === "session_not_found") break;
      }
    }
    this.#lose(new Error("The session could not be reached any more."));
  }

  #lose(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pending = [];
    this.#pendingLength = 0;
    this.#wake();
    this.#listener?.lost(error);
  }
}
