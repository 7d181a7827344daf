import type {
  ListedSession,
  ListFilter,
  ListOptions,
  Problem,
  QueryChange,
  SessionListing,
  ShardClientFrame,
  ShardServerFrame,
} from "../../protocol/index.ts";
import { ACKNOWLEDGE_AFTER_BYTES, PerdureError, PROTOCOL_VERSION } from "../../protocol/index.ts";
import type { LinkState } from "../client-state.ts";
import type { WebSocketConstructor } from "../dialer.ts";
import type { TokenSource } from "../link.ts";
import { Link } from "../link.ts";
import { Listeners } from "../listeners.ts";
import { sessionSocketUrl } from "../session-url.ts";

/** Which list to follow, and how. */
export interface SessionListClientOptions extends ListFilter {
  /** Base URL of the server, such as `http://127.0.0.1:8787`. Default: the page's origin. */
  readonly url?: string | undefined;
  /** Whose sessions. Default: those of the token's subject; another's needs the role `admin`. */
  readonly owner?: string | undefined;
  /** Lines of a page, 1 to 200. Default: 50. */
  readonly limit?: number | undefined;
  /** As in `SessionClientOptions`. */
  readonly token?: TokenSource | undefined;
  /** Default: the global `WebSocket`. Node 20 has none: pass the one of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** From 0 up to 1, for the jitter of reconnects. Default: `Math.random`. */
  readonly random?: () => number;
}

/** What a page draws, as one immutable value. */
export interface SessionListState {
  /** As of a session's client; `catching-up` until the first page of a connection is here. */
  readonly link: LinkState;
  /** Why the server closed the link for good. */
  readonly problem: Problem | undefined;
  /** The sessions that match the filter, the one that changed last first; undefined before the first page. */
  readonly sessions: readonly SessionListing[] | undefined;
  /** Whether there are more: `more()` asks for them. */
  readonly hasMore: boolean;
}

/** The one subscription of a connection. */
const SUBSCRIPTION = 1;

/**
 * Follows a list of sessions: its first lines, and further ones page by page. It does not connect by itself: call `connect`, and
 * `close` when done. What it shows stays while the link is down, and is replaced by the answer of the next connection.
 */
export class SessionListClient {
  readonly #filter: ListFilter;
  readonly #pageLines: number;
  readonly #link: Link;
  readonly #changes = new Listeners<readonly []>();
  /** What the list answers, one line more than are shown, where there are more. */
  #lines: readonly ListedSession[] = [];
  /** How many are shown, and how many are to be. */
  #shown = 0;
  #wanted: number;
  /** Of what has arrived, in UTF-16 units. */
  #unacknowledged = 0;
  #refusal: Problem | undefined;
  #state: SessionListState = {
    link: "idle",
    problem: undefined,
    sessions: undefined,
    hasMore: false,
  };

  /** @throws PerdureError `bad_request` without a usable URL or WebSocket. */
  constructor(options: SessionListClientOptions = {}) {
    const { lifecycle, status, limit = 50 } = options;
    this.#filter = { lifecycle, status };
    this.#wanted = this.#pageLines = limit;
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined)
      throw new PerdureError("bad_request", "Pass a `WebSocket`: none is global here.");
    this.#link = new Link({
      url: listSocketUrl(options.url, options.owner),
      token: options.token,
      WebSocket,
      now: options.clock ?? Date.now,
      random: options.random ?? Math.random,
      onOpen: () => {
        this.#unacknowledged = 0;
        this.#send({ t: "hello", v: PROTOCOL_VERSION });
        this.#ask();
        this.#change({ link: "catching-up" });
      },
      onText: (text) => {
        // What the server says is trusted, and what this version does not know is passed over.
        this.#onFrame(JSON.parse(text) as ShardServerFrame);
        this.#unacknowledged += text.length;
        if (this.#unacknowledged < ACKNOWLEDGE_AFTER_BYTES) return;
        // A server that has sent a lot waits to hear that it arrived.
        this.#send({ t: "ack", units: this.#unacknowledged });
        this.#unacknowledged = 0;
      },
      onDrop: () => this.#change({ link: "offline" }),
      // A list never is.
      isOver: () => true,
      onFinal: (problem) => this.#change({ link: "closed", problem: this.#refusal ?? problem }),
    });
  }

  /** The state; the same object until something changes. May be passed on unbound. */
  readonly getState = (): SessionListState => this.#state;

  /** Calls back after every change of the state. May be passed on unbound. @returns A function that ends this. */
  readonly subscribe = (listener: () => void): (() => void) => this.#changes.add(listener);

  /** Connects, unless that was already asked for. After `close`, or a link closed for good, it begins anew. */
  connect(): void {
    if (this.#state.link !== "idle" && this.#state.link !== "closed") return;
    this.#refusal = undefined;
    this.#link.open();
    this.#change({ link: "connecting", problem: undefined });
  }

  /** Closes the link; what it shows stays. */
  close(): void {
    this.#link.close();
    this.#change({ link: "closed", problem: this.#refusal });
  }

  /** Asks for the next page, if there is one and none is on its way. */
  more(): void {
    if (!this.#state.hasMore || this.#wanted > this.#shown) return;
    this.#wanted += this.#pageLines;
    this.#send({ t: "unsubscribe", id: SUBSCRIPTION });
    this.#ask();
  }

  /** Asks for as many lines as are to be shown. What is told of fewer until they are here belongs to those that are. */
  #ask(): void {
    const args: ListOptions = { ...this.#filter, limit: this.#wanted + 1 };
    this.#send({ t: "subscribe", id: SUBSCRIPTION, functionPath: "sessions", args });
  }

  #onFrame(frame: ShardServerFrame): void {
    if (frame.t === "seed") {
      this.#link.onAccepted();
      this.#shown = this.#wanted;
      this.#apply({ snapshot: frame.value });
    } else if (frame.t === "commit") for (const [, change] of frame.changes) this.#apply(change);
    else if ("error" in frame) {
      this.#refusal = frame.error;
      // The socket stays, but there is nothing to be had on it.
      if (frame.t === "refused") this.close();
    }
  }

  /** Takes a change of what is followed; a query that fails is told whole when it does not any more. */
  #apply(change: QueryChange): void {
    // Lines have their places in them, so that it need not be said which move where.
    if ("snapshot" in change) this.#lines = change.snapshot as readonly ListedSession[];
    else if ("delta" in change) {
      const { delete: gone = [], update = [], insert = [] } = change.delta;
      const lines = new Map<unknown, unknown>(this.#lines.map((line) => [line.id, line]));
      for (const id of gone) lines.delete(id);
      for (const row of [...update, ...insert.map((one) => one.row)]) lines.set(row["id"], row);
      this.#lines = [...lines.values()] as ListedSession[];
    }
    const sessions = this.#lines
      .toSorted(newestBy("sortedAt"))
      .slice(0, this.#shown)
      .toSorted(newestBy("updatedAt"));
    this.#change({ link: "live", sessions, hasMore: this.#lines.length > this.#shown });
  }

  #send(frame: ShardClientFrame): void {
    this.#link.send(JSON.stringify(frame));
  }

  #change(change: Partial<SessionListState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changes.emit();
  }
}

const newestBy = (time: "sortedAt" | "updatedAt") => (a: ListedSession, b: ListedSession) =>
  b[time] - a[time] || (a.id < b.id ? 1 : -1);

/** The list is at the path below which the sessions are. */
function listSocketUrl(base: string | undefined, owner: string | undefined): string {
  const url = sessionSocketUrl(base, "s").slice(0, -"/s/ws".length);
  return owner === undefined ? url : `${url}?owner=${encodeURIComponent(owner)}`;
}
