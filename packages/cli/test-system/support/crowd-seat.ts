import { parseServerFrame, PROTOCOL_VERSION, widthOf } from "perdure/protocol";
import { WebSocket } from "ws";

/** What became of one socket of a crowd. */
export interface SeatReport {
  readonly session: string;
  /** What it had when it was cut: a durable position. */
  readonly cursor: number;
  /** Positions of the events that it got since, in the order of their arrival. */
  readonly positions: readonly number[];
  /** Snapshots that it got since. */
  readonly snapshots: number;
  /** Connections that were refused, or broke before they were live. */
  readonly refusals: number;
  /** Connections that broke after they were live, other than by the cut. */
  readonly losses: number;
}

/** Longest time for a connection to become live, in milliseconds. */
const CONNECT_TIMEOUT_MS = 30_000;

/** One reader with nothing but a socket and a cursor, so that a process can have thousands. */
export class Seat {
  readonly session: string;
  readonly #url: string;
  readonly #token: string;
  #socket: WebSocket | undefined;
  #cursor = 0;
  #cursorAtCut = 0;
  #positions: number[] = [];
  #snapshots = 0;
  #refusals = 0;
  #losses = 0;

  constructor(url: string, token: string, session: string) {
    this.session = session;
    this.#url = `${url.replace("http", "ws")}/v1/sessions/${session}/ws`;
    this.#token = token;
  }

  /** The durable position up to which it has everything. */
  get cursor(): number {
    return this.#cursor;
  }

  get report(): SeatReport {
    return {
      session: this.session,
      cursor: this.#cursorAtCut,
      positions: this.#positions,
      snapshots: this.#snapshots,
      refusals: this.#refusals,
      losses: this.#losses,
    };
  }

  /** Connects and resumes; answers whether it is live. */
  connect(): Promise<boolean> {
    const socket = new WebSocket(this.#url, {
      headers: { authorization: `Bearer ${this.#token}` },
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
    });
    this.#socket = socket;
    return new Promise((resolve) => {
      let isLive = false;
      socket.on("open", () =>
        socket.send(JSON.stringify({ t: "hello", v: PROTOCOL_VERSION, after: this.#cursor })),
      );
      socket.on("message", (data) => {
        if (Buffer.isBuffer(data) && this.#receive(data.toString())) resolve((isLive = true));
      });
      // A close follows each error.
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#socket !== socket) return;
        if (isLive) this.#losses += 1;
        else this.#refusals += 1;
        resolve(false);
      });
    });
  }

  /** Breaks the connection without a close frame, as a network does. */
  cut(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#cursorAtCut = this.#cursor;
    this.#positions = [];
    this.#snapshots = 0;
    socket?.terminate();
  }

  /** Answers whether the reader is live with this frame. */
  #receive(text: string): boolean {
    const frame = parseServerFrame(text);
    if (typeof frame !== "object") return false;
    if (frame.t === "snapshot") this.#snapshots += 1;
    if (frame.t === "events") {
      let position = frame.p;
      for (const event of frame.e)
        for (let width = widthOf(event); width > 0; width -= 1) this.#positions.push(position++);
    }
    if (frame.t === "events" || frame.t === "head" || frame.t === "live") this.#cursor = frame.d;
    return frame.t === "live";
  }
}
