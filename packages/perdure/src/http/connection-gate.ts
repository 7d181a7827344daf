/**
 * How many sockets and event streams this process has open, and whether one more fits. The objects report their own
 * numbers, which is exact where they share the process with the Worker, as under `perdure serve`.
 */

import { PerdureError } from "../protocol/index.ts";

/** Counts connections and refuses those past a limit. */
export class ConnectionGate {
  readonly #openBySession = new Map<string, number>();
  #open = 0;
  #opening = 0;
  #isRefusing = false;

  /** A session has this many connections open now. */
  report(session: string, count: number): void {
    this.#open += count - (this.#openBySession.get(session) ?? 0);
    if (count === 0) this.#openBySession.delete(session);
    else this.#openBySession.set(session, count);
  }

  /** Names of the sessions that have connections open. */
  get sessions(): readonly string[] {
    return [...this.#openBySession.keys()];
  }

  /** Connections that are open or being opened. */
  get count(): number {
    return this.#open + this.#opening;
  }

  /** From now on no connection is admitted: the process is about to end. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /**
   * Opens a connection where one more fits. It counts from here on, until the object that has it reports it. Throws
   * `too_many_connections` at the limit, `unavailable` while the process ends.
   */
  async admit<T>(limit: number | undefined, open: () => Promise<T>): Promise<T> {
    if (this.#isRefusing)
      throw new PerdureError("unavailable", "The server is going away: connect again soon.");
    if (limit !== undefined && this.count >= limit)
      throw new PerdureError(
        "too_many_connections",
        `The server has all of its ${limit} connections open: try again later.`,
        { limit },
      );
    this.#opening += 1;
    try {
      return await open();
    } finally {
      this.#opening -= 1;
    }
  }
}

/** The gate of this process: what the objects report to and the routes ask. */
export const connectionGate = new ConnectionGate();
