/**
 * Which sessions of this process may be awake, and whether one more fits: an object that is awake holds files open. Like
 * the connection gate it is exact where the objects share the process with the Worker, as under `perdure serve`.
 */

import { PerdureError } from "../protocol/index.ts";

/** After this much idleness an object hibernates, in milliseconds; measured: 9 to 12 s. */
const HIBERNATES_AFTER_MS = 12_000;

/** What keeps a session awake, or may wake it at any time. */
interface Use {
  readonly connections: number;
  readonly calls: number;
}

const UNUSED: Use = { connections: 0, calls: 0 };

/** Counts sessions that may be awake, and refuses to wake more than a limit. It remembers no session that it refused. */
export class SessionGate {
  readonly #now: () => number;
  readonly #inUse = new Map<string, Use>();
  /** When each session was last in use, the longest ago first; none is in use now. */
  readonly #idleSince = new Map<string, number>();

  /** @param now Milliseconds since 1970; the machine's time by default. */
  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  /** A session has this many connections open now: what they bring may wake it. */
  report(session: string, connections: number): void {
    this.#use(session, { ...this.#useOf(session), connections });
  }

  /** Sessions that are awake, or may be woken by a connection. */
  get count(): number {
    this.#forgetAsleep();
    return this.#inUse.size + this.#idleSince.size;
  }

  /**
   * Calls a session where it counts already or one more fits. It counts until it has been idle for long enough to
   * hibernate. Throws `unavailable` at the limit.
   */
  async admit<T>(session: string, limit: number | undefined, call: () => Promise<T>): Promise<T> {
    if (limit === undefined) return call();
    const count = this.count;
    const isCounted = this.#inUse.has(session) || this.#idleSince.has(session);
    if (!isCounted && count >= limit)
      throw new PerdureError(
        "unavailable",
        `The server has all of its ${limit} sessions awake: try again later.`,
        { limit },
      );
    this.#addCalls(session, 1);
    try {
      return await call();
    } finally {
      this.#addCalls(session, -1);
    }
  }

  #addCalls(session: string, count: number): void {
    const use = this.#useOf(session);
    this.#use(session, { ...use, calls: use.calls + count });
  }

  #useOf(session: string): Use {
    return this.#inUse.get(session) ?? UNUSED;
  }

  #use(session: string, use: Use): void {
    this.#idleSince.delete(session);
    this.#inUse.delete(session);
    if (use.connections + use.calls > 0) this.#inUse.set(session, use);
    else this.#idleSince.set(session, this.#now());
    this.#forgetAsleep();
  }

  #forgetAsleep(): void {
    const now = this.#now();
    for (const [session, since] of this.#idleSince) {
      // A clock that was set back must not keep a session for longer.
      if (since <= now && now - since < HIBERNATES_AFTER_MS) return;
      this.#idleSince.delete(session);
    }
  }
}

/** The gate of this process: what the objects report to and the routes ask. */
export const sessionGate = new SessionGate();
