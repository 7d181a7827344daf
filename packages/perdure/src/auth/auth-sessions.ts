/** The auth sessions of one object, with what follows from their ends: sockets to close, rows to sweep. */

import type { Clock, Sql, Timers } from "../object/index.ts";
import { inParallel } from "../object/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import type { Closing, LiveObject } from "./live-objects.ts";
import { LiveObjects } from "./live-objects.ts";
import type { MovedRecord } from "./moves.ts";
import type { NewRecord, StoredSession } from "./record.ts";
import { AuthRecords } from "./records.ts";

/** Deletes expired rows. */
export const SWEEP_TIMER = "perdure:auth-sweep";

/** Closes the sockets of sessions that have ended. */
export const CLOSE_TIMER = "perdure:auth-close";

/** Rows of each kind that one sweep deletes at most: it blocks the object for some milliseconds. */
export const SWEEP_LIMIT = 500;

/** At most one sweep in this time where nothing waits: each bills an alarm. */
const SWEEP_PAUSE_MS = 60_000;

/** Sockets of an ended session are looked for once more after this: one may have been about to open. */
const SECOND_LOOK_MS = 5_000;

/** Objects that are told at once. */
const CLOSED_AT_ONCE = 16;

/** A session as it moves, with the objects that have its sockets. */
export interface Movable {
  readonly record: MovedRecord;
  readonly live: readonly LiveObject[];
}

/** What it needs of its object. */
export interface AuthSessionsHost {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly maxPerUser: number;
  /** Has an object close sockets. */
  readonly disconnect: (closing: Closing) => Promise<void>;
}

/** The sessions of one object and their timers. */
export class AuthSessions {
  readonly #host: AuthSessionsHost;
  readonly #records: AuthRecords;
  readonly #live: LiveObjects;

  constructor(host: AuthSessionsHost) {
    const { sql, clock, maxPerUser } = host;
    this.#host = host;
    this.#live = new LiveObjects(sql, clock);
    this.#records = new AuthRecords({
      sql,
      clock,
      maxPerUser,
      onEnd: (sessions) => {
        if (this.#live.close(sessions)) this.#closeSoon();
      },
    });
  }

  /** See `AuthRecords.create`. */
  create(record: NewRecord, fields: JsonObject): StoredSession {
    return this.#changing(() => {
      const session = this.#records.create(record, fields);
      this.#sweepAfter(session.expiresAt);
      return session;
    });
  }

  /** See `AuthRecords.find`. Reads one row. */
  find(token: string): StoredSession | undefined {
    return this.#records.find(token);
  }

  /** See `AuthRecords.touch`. */
  touch(token: string, ttlSeconds: number | undefined): StoredSession | undefined {
    return this.#changing(() => {
      const session = this.#records.touch(token, ttlSeconds);
      if (session !== undefined) this.#sweepAfter(session.expiresAt);
      return session;
    });
  }

  /** See `AuthRecords.rotate`. */
  rotate(token: string, newToken: string): StoredSession | undefined {
    return this.#changing(() => this.#records.rotate(token, newToken));
  }

  /** See `AuthRecords.end`. */
  end(token: string): StoredSession | undefined {
    return this.#changing(() => this.#records.end(token));
  }

  /** See `AuthRecords.endById`. */
  endById(userId: string, id: string, isMoving: boolean): StoredSession | undefined {
    return this.#changing(() => {
      const ended = this.#records.endById(userId, id, isMoving);
      this.#sweepRemembered();
      return ended;
    });
  }

  /** See `AuthRecords.endAllOf`. */
  endAllOf(userId: string, isMoving: boolean): readonly StoredSession[] {
    return this.#changing(() => {
      const ended = this.#records.endAllOf(userId, isMoving);
      this.#sweepRemembered();
      return ended;
    });
  }

  /** See `AuthRecords.list`. */
  list(userId: string): readonly StoredSession[] {
    return this.#records.list(userId);
  }

  /** See `AuthRecords.leave`. Changes nothing: until another object has it, it is good here. */
  leave(token: string): Movable | "ended" | undefined {
    const record = this.#records.leave(token);
    return record === undefined || record === "ended"
      ? record
      : { record, live: this.#live.of(record.id) };
  }

  /** See `AuthRecords.arrive`. */
  arrive({ record, live }: Movable): boolean {
    return this.#changing(() => {
      const isHere = this.#records.arrive(record);
      if (!isHere) return false;
      for (const object of live) this.#live.add(record, object);
      this.#sweepAfter(record.expiresAt);
      return true;
    });
  }

  /** See `AuthRecords.forget`. */
  forget({ digest, id }: Pick<MovedRecord, "digest" | "id">): void {
    this.#host.sql.transaction(() => {
      this.#records.forget(digest);
      this.#live.forget(id);
    });
  }

  /** See `AuthRecords.bury`. */
  bury(token: string, until: number): void {
    this.#changing(() => {
      this.#records.bury(token, until);
      this.#sweepAfter(until);
    });
  }

  /** An object is about to have a socket of a session. Answers whether the session is good. */
  watch(token: string, object: LiveObject): StoredSession | undefined {
    return this.#changing(() => {
      const session = this.#records.find(token);
      if (session !== undefined && this.#live.add(session, object)) this.#closeSoon();
      return session;
    });
  }

  /** A timer is due. Answers whether it was one of these. */
  async timer(name: string): Promise<boolean> {
    if (name === SWEEP_TIMER) this.#sweep();
    else if (name === CLOSE_TIMER)
      await this.#closeSockets((closing) => this.#live.closed(closing));
    else return false;
    return true;
  }

  /** Runs a change in a transaction; what it has to close is closed right after, and once more by the timer. */
  #changing<T>(change: () => T): T {
    this.#hasToClose = false;
    const result = this.#host.sql.transaction(change);
    // Nobody waits for it: an object that does not answer must not keep somebody from signing out. The timer tries again.
    if (this.#hasToClose) this.#closeSockets().catch(() => {});
    return result;
  }

  #hasToClose = false;

  #closeSoon(): void {
    this.#hasToClose = true;
    this.#host.timers.set(CLOSE_TIMER, this.#host.clock.now() + SECOND_LOOK_MS);
  }

  async #closeSockets(closed: (closing: Closing) => void = () => {}): Promise<void> {
    await inParallel(this.#live.closings(), CLOSED_AT_ONCE, async (closing) => {
      await this.#host.disconnect(closing);
      closed(closing);
    });
  }

  #sweep(): void {
    const { sql, clock, timers } = this.#host;
    sql.transaction(() => {
      const swept = this.#records.sweep(SWEEP_LIMIT);
      for (const { id } of swept) this.#live.forget(id);
      // With nothing left no timer is set, and none wakes the object.
      const next = swept.length === SWEEP_LIMIT ? clock.now() : this.#nextSweep();
      if (next !== undefined) timers.set(SWEEP_TIMER, next);
    });
  }

  /** What is remembered of sessions that have ended is to be swept, too. */
  #sweepRemembered(): void {
    const next = this.#nextSweep();
    if (next !== undefined) this.#sweepAfter(next - SWEEP_PAUSE_MS);
  }

  #nextSweep(): number | undefined {
    const next = this.#records.nextExpiry();
    return next === undefined ? undefined : Math.max(next, this.#host.clock.now()) + SWEEP_PAUSE_MS;
  }

  /** Call it with what is written: a timer that is set for earlier is enough. */
  #sweepAfter(expiresAt: number): void {
    const { timers } = this.#host;
    const at = expiresAt + SWEEP_PAUSE_MS;
    const due = timers.dueAt(SWEEP_TIMER);
    if (due === undefined || due > at) timers.set(SWEEP_TIMER, at);
  }
}
