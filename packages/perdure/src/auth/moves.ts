/** What must not be taken over from another object any more, because it has ended here. */

import type { Clock, Sql } from "../object/index.ts";
import { SESSION_DO_TTL_MAX } from "./record.ts";
import type { StoredSession } from "./record.ts";

/** A session on its way from one object to another. */
export interface MovedRecord extends StoredSession {
  /** SHA-256 of its token, in hex. */
  readonly digest: string;
}

/** Ends that are remembered until there is nothing left that they could refuse. */
export class Moves {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** The session of this token has ended; it would have expired at `until`. */
  endToken(digest: string, until: number): void {
    this.#remember(tokenKey(digest), until);
  }

  /** All sessions that the user has now have ended. */
  endUser(userId: string): void {
    this.#remember(userKey(userId), this.#clock.now() + SESSION_DO_TTL_MAX * 1000);
  }

  /** The session of this id has ended, whatever its token is. */
  endSession(id: string): void {
    this.#remember(sessionKey(id), this.#clock.now() + SESSION_DO_TTL_MAX * 1000);
  }

  /** Whether the session of a token has ended here. */
  hasEnded(digest: string): boolean {
    return this.#endOf(tokenKey(digest)) !== undefined;
  }

  /** Whether a session that arrives has ended meanwhile. */
  isRefused(digest: string, { id, userId, createdAt }: StoredSession): boolean {
    if (this.hasEnded(digest) || this.#endOf(sessionKey(id)) !== undefined) return true;
    const endOfUser = this.#endOf(userKey(userId));
    return endOfUser !== undefined && createdAt <= endOfUser;
  }

  /** Forgets what can refuse nothing any more, at most so many rows. */
  sweep(limit: number): void {
    this.#sql.run(
      "DELETE FROM auth_ended WHERE what IN (SELECT what FROM auth_ended WHERE until <= ? ORDER BY until LIMIT ?)",
      this.#clock.now(),
      limit,
    );
  }

  /** When the next end may be forgotten. */
  nextExpiry(): number | undefined {
    const [row] = this.#sql.run<{ at: number | null }>("SELECT min(until) AS at FROM auth_ended");
    return row?.at ?? undefined;
  }

  #endOf(what: string): number | undefined {
    return this.#sql.run<{ at: number }>("SELECT at FROM auth_ended WHERE what = ?", what)[0]?.at;
  }

  #remember(what: string, until: number): void {
    this.#sql.run(
      `INSERT INTO auth_ended (what, at, until) VALUES (?, ?, ?)
       ON CONFLICT (what) DO UPDATE SET at = excluded.at, until = max(until, excluded.until)`,
      what,
      this.#clock.now(),
      until,
    );
  }
}

const tokenKey = (digest: string) => `token ${digest}`;
const sessionKey = (id: string) => `session ${id}`;
const userKey = (userId: string) => `user ${userId}`;
