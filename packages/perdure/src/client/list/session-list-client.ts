import type {
  ListFilter,
  ListFrame,
  ListServerFrame,
  Problem,
  SessionListing,
} from "../../protocol/index.ts";
import { parseListServerFrame, PerdureError, PROTOCOL_VERSION } from "../../protocol/index.ts";
import type { LinkState } from "../client-state.ts";
import type { WebSocketConstructor } from "../dialer.ts";
import type { TokenSource } from "../link.ts";
import { Link } from "../link.ts";
import { Listeners } from "../listeners.ts";
import { sessionSocketUrl } from "../session-url.ts";

/** Which list to follow, and how. */
export interface SessionListClientOptions extends ListFilter {
  /** Base URL of the server, such as `http://127.0.0.1:8787`. Default: the page's origin. */
  readonly url?: string;
  /** Whose sessions. Default: those of the token's subject; another's needs the role `admin`. */
  readonly owner?: string;
  /** Lines of a page, 1 to 200. Default: 50. */
  readonly limit?: number;
  /** As in `SessionClientOptions`. */
  readonly token?: TokenSource;
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

/**
 * Follows a list of sessions. It does not connect by itself: call `connect`, and `close` when done. What it shows stays while
 * the link is down, and is replaced by the first page of the next connection.
 */
export class SessionListClient {
  readonly #options: SessionListClientOptions;
  readonly #link: Link;
  readonly #changes = new Listeners<readonly []>();
  readonly #lines = new Map<string, SessionListing>();
  /** Asks for the page after those that are here; undefined while one is on its way, null where there is none. */
  #next: string | null | undefined;
  #refusal: Problem | undefined;
  #state: SessionListState = {
    link: "idle",
    problem: undefined,
    sessions: undefined,
    hasMore: false,
  };

  /** @throws PerdureError `bad_request` without a usable URL or WebSocket. */
  constructor(options: SessionListClientOptions = {}) {
    this.#options = options;
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
        this.#ask();
        this.#change({ link: "catching-up" });
      },
      onText: (text) => this.#onFrame(parseListServerFrame(text)),
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
    this.#change({ link: "closed" });
  }

  /** Asks for the next page, if there is one and none is on its way. */
  more(): void {
    if (typeof this.#next === "string" && this.#state.link === "live") this.#ask(this.#next);
  }

  #ask(before?: string): void {
    const { limit, lifecycle, status } = this.#options;
    const frame: ListFrame = { t: "hello", v: PROTOCOL_VERSION, before, limit, lifecycle, status };
    this.#next = undefined;
    this.#link.send(JSON.stringify(frame));
  }

  #onFrame(frame: ListServerFrame | undefined): void {
    switch (frame?.t) {
      case "sessions":
        this.#link.onAccepted();
        if (frame.before === null) this.#lines.clear();
        for (const session of frame.sessions) this.#lines.set(session.id, session);
        this.#next = frame.next;
        return this.#publish({ link: "live", hasMore: frame.next !== null });
      case "session":
        if (this.#matches(frame.session)) this.#lines.set(frame.session.id, frame.session);
        else this.#lines.delete(frame.session.id);
        return this.#publish();
      case "removed":
        this.#lines.delete(frame.id);
        return this.#publish();
      case "error":
        this.#refusal = frame.error;
        return undefined;
      case undefined:
        return undefined;
    }
  }

  #matches(session: SessionListing): boolean {
    const { lifecycle = session.lifecycle, status = session.status } = this.#options;
    return session.lifecycle === lifecycle && session.status === status;
  }

  #publish(change: Partial<SessionListState> = {}): void {
    const sessions = [...this.#lines.values()].toSorted(
      (a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1),
    );
    this.#change({ ...change, sessions });
  }

  #change(change: Partial<SessionListState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changes.emit();
  }
}

/** The list is at the path below which the sessions are. */
function listSocketUrl(base: string | undefined, owner: string | undefined): string {
  const url = sessionSocketUrl(base, "s").slice(0, -"/s/ws".length);
  return owner === undefined ? url : `${url}?owner=${encodeURIComponent(owner)}`;
}
