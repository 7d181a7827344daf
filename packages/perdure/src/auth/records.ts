/** The auth sessions of one object. Whoever has only a hash of a token has nothing: the tokens themselves are not stored. */

import type { Clock, Sql, SqlRow } from "../object/index.ts";
import { digestOf, firstRow } from "../object/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { MovedRecord } from "./moves.ts";
import { Moves } from "./moves.ts";
import type { NewRecord, StoredSession } from "./record.ts";
import { MAX_SESSIONS_PER_USER, SESSION_DO_TTL_DEFAULT } from "./record.ts";

/** A row of `auth_sessions`. */
interface RecordRow extends SqlRow {
  token: string;
  id: string;
  user_id: string;
  created_at: number;
  expires_at: number;
  ttl_ms: number;
  fields: string;
  moved: number;
}

/** What it needs of its object. */
export interface RecordsHost {
  readonly sql: Sql;
  readonly clock: Clock;
  /** Sessions have ended before their time; called in the transaction in which they do. */
  readonly onEnd: (sessions: readonly StoredSession[]) => void;
  /** Sessions of one user that there may be; default 100. */
  readonly maxPerUser?: number | undefined;
}

/** The sessions of one object. An expired one is as good as none everywhere. */
export class AuthRecords {
  readonly #host: RecordsHost;
  readonly #sql: Sql;
  readonly #moves: Moves;

  constructor(host: RecordsHost) {
    this.#host = host;
    this.#sql = host.sql;
    this.#moves = new Moves(host.sql, host.clock);
  }

  /** Creates a session. Where its user has too many the oldest ends. Throws `session_exists`, and changes nothing. */
  create({ token, userId, ttlSeconds }: NewRecord, fields: JsonObject): StoredSession {
    const now = this.#host.clock.now();
    const ttlMs = (ttlSeconds ?? SESSION_DO_TTL_DEFAULT) * 1000;
    const session: StoredSession = {
      id: crypto.randomUUID(),
      userId,
      createdAt: now,
      expiresAt: now + ttlMs,
      ttlMs,
      fields,
    };
    this.#sql.transaction(() => {
      this.#insert(digestOf(token), session, false);
      this.#makeRoomFor(session);
    });
    return session;
  }

  /** The session of a token; undefined where there is none that is good. */
  find(token: string): StoredSession | undefined {
    const row = this.#rowOf(digestOf(token));
    return row && sessionOf(row);
  }

  /** Lets a session be good for as long again as it was at first, or for `ttlSeconds` from now on each time. */
  touch(token: string, ttlSeconds: number | undefined): StoredSession | undefined {
    const row = this.#rowOf(digestOf(token));
    if (row === undefined) return undefined;
    const ttlMs = ttlSeconds === undefined ? row.ttl_ms : ttlSeconds * 1000;
    const touched = { ...row, expires_at: this.#host.clock.now() + ttlMs, ttl_ms: ttlMs };
    this.#sql.run(
      "UPDATE auth_sessions SET expires_at = ?, ttl_ms = ? WHERE token = ?",
      touched.expires_at,
      ttlMs,
      row.token,
    );
    return sessionOf(touched);
  }

  /** Gives a session another token, in one transaction: the old one is dead at once. Throws `session_exists`. */
  rotate(token: string, newToken: string): StoredSession | undefined {
    return this.#sql.transaction(() => {
      const row = this.#rowOf(digestOf(token));
      if (row === undefined) return undefined;
      const session = sessionOf(row);
      this.#insert(digestOf(newToken), session, false);
      this.#delete(row);
      return session;
    });
  }

  /** Ends the session of a token; undefined where there is none that is good. */
  end(token: string): StoredSession | undefined {
    const row = this.#rowOf(digestOf(token));
    return row && this.#endAll([row])[0];
  }

  /**
   * Ends a session of a user by its id; undefined where the user has none of it that is good. `isMoving`: it may be under way to this
   * object, and is refused when it arrives.
   */
  endById(userId: string, id: string, isMoving: boolean): StoredSession | undefined {
    return this.#sql.transaction(() => {
      if (isMoving) this.#moves.endSession(id);
      return this.#endAll(this.#rowsOf(userId).filter((row) => row.id === id))[0];
    });
  }

  /**
   * Ends all sessions of a user. `isMoving`: where sessions may be under way to this object, those of before now are refused when
   * they arrive.
   */
  endAllOf(userId: string, isMoving: boolean): readonly StoredSession[] {
    return this.#sql.transaction(() => {
      if (isMoving) this.#moves.endUser(userId);
      return this.#endAll(this.#rowsOf(userId));
    });
  }

  /** The sessions of a user, newest first; at most 100. */
  list(userId: string): readonly StoredSession[] {
    return this.#rowsOf(userId).map(sessionOf);
  }

  /** A session as it moves to another object; `ended` where it must not be looked for elsewhere. */
  leave(token: string): MovedRecord | "ended" | undefined {
    const digest = digestOf(token);
    const row = this.#rowOf(digest);
    if (row !== undefined) return { ...sessionOf(row), digest };
    return this.#moves.hasEnded(digest) ? "ended" : undefined;
  }

  /** Takes a session over from another object, once. Answers whether it is good here now. */
  arrive({ digest, ...session }: MovedRecord): boolean {
    return this.#sql.transaction(() => {
      if (this.#rowOf(digest) !== undefined) return true;
      if (session.expiresAt <= this.#host.clock.now()) return false;
      if (this.#moves.isRefused(digest, session)) return false;
      this.#insert(digest, session, true);
      this.#makeRoomFor(session);
      return true;
    });
  }

  /** Another object has taken a session over: it is not here any more. Its sockets stay. */
  forget(digest: string): void {
    this.#sql.run("DELETE FROM auth_sessions WHERE token = ?", digest);
  }

  /** Ends the session of a token, also one that is still on its way to this object. */
  bury(token: string, until: number): void {
    const digest = digestOf(token);
    this.#sql.transaction(() => {
      const row = this.#rowOf(digest);
      if (row !== undefined) this.#endAll([row]);
      this.#moves.endToken(digest, until);
    });
  }

  /** Deletes what has expired, at most so many rows of each kind. Answers the sessions that went. */
  sweep(limit: number): readonly StoredSession[] {
    const now = this.#host.clock.now();
    this.#moves.sweep(limit);
    return this.#sql
      .run<RecordRow>(
        `DELETE FROM auth_sessions WHERE token IN
           (SELECT token FROM auth_sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) RETURNING *`,
        now,
        limit,
      )
      .map(sessionOf);
  }

  /** When the next row expires; undefined where nothing is left. */
  nextExpiry(): number | undefined {
    const [row] = this.#sql.run<{ at: number | null }>(
      "SELECT min(expires_at) AS at FROM auth_sessions",
    );
    const next = Math.min(row?.at ?? Infinity, this.#moves.nextExpiry() ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  #rowOf(digest: string): RecordRow | undefined {
    return firstRow(
      this.#sql.run<RecordRow>(
        "SELECT * FROM auth_sessions WHERE token = ? AND expires_at > ?",
        digest,
        this.#host.clock.now(),
      ),
    );
  }

  #rowsOf(userId: string): RecordRow[] {
    return this.#sql.run<RecordRow>(
      "SELECT * FROM auth_sessions WHERE user_id = ? AND expires_at > ? ORDER BY created_at DESC, id",
      userId,
      this.#host.clock.now(),
    );
  }

  /** Throws `session_exists` where the token has a session; one that has expired is none. */
  #insert(digest: string, session: StoredSession, isMoved: boolean): void {
    const { id, userId, createdAt, expiresAt, ttlMs, fields } = session;
    this.#sql.run(
      "DELETE FROM auth_sessions WHERE token = ? AND expires_at <= ?",
      digest,
      this.#host.clock.now(),
    );
    const inserted = this.#sql.run(
      `INSERT INTO auth_sessions (token, id, user_id, created_at, expires_at, ttl_ms, fields, moved)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (token) DO NOTHING RETURNING token`,
      digest,
      id,
      userId,
      createdAt,
      expiresAt,
      ttlMs,
      JSON.stringify(fields),
      isMoved ? 1 : 0,
    );
    if (inserted.length === 0)
      throw new PerdureError(
        "session_exists",
        "This token has a session: make a new token at random for each.",
      );
  }

  #makeRoomFor({ id, userId }: StoredSession): void {
    const max = this.#host.maxPerUser ?? MAX_SESSIONS_PER_USER;
    const others = this.#rowsOf(userId).filter((row) => row.id !== id);
    this.#endAll(others.slice(Math.max(0, max - 1)));
  }

  #endAll(rows: readonly RecordRow[]): readonly StoredSession[] {
    const sessions = rows.map(sessionOf);
    if (rows.length === 0) return sessions;
    this.#sql.transaction(() => {
      for (const row of rows) this.#delete(row);
      this.#host.onEnd(sessions);
    });
    return sessions;
  }

  /** What came from another object may come again, from whoever began to move it and was slow. */
  #delete({ token, moved, expires_at }: RecordRow): void {
    this.#sql.run("DELETE FROM auth_sessions WHERE token = ?", token);
    if (moved === 1) this.#moves.endToken(token, expires_at);
  }
}

function sessionOf(row: RecordRow): StoredSession {
  return {
    id: row.id,
    userId: row.user_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ttlMs: row.ttl_ms,
    fields: JSON.parse(row.fields) as JsonObject,
  };
}
