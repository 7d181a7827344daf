/** Many named timers over the platform's one alarm: at least once, with backoff, and dead letters kept. */

import type { Clock } from "./clock.ts";
import type { Migration } from "./migrations.ts";
import type { Sql } from "./sql.ts";

/** First wait after a failure; each further one doubles it. The platform's own retries begin with 2 s, too. */
const BACKOFF_MS = 2_000;

/** Longest wait between two attempts. */
const MAX_BACKOFF_MS = 60 * 60 * 1000;

/** Attempts after which a timer becomes a dead letter: about three hours of trying. */
export const MAX_ATTEMPTS = 14;

/** The platform takes no alarm after 2189: a later deadline is this one. */
export const LATEST_MS = Date.UTC(2189, 0, 1);

/** The tables of timers. */
export const TIMER_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "timers",
    up: `CREATE TABLE timers (
      name TEXT PRIMARY KEY, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL, payload TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE dead_timers (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, payload TEXT NOT NULL, error TEXT NOT NULL, died_at INTEGER NOT NULL
    )`,
  },
];

/** The platform's alarm. Each call bills a row. */
export interface Alarm {
  /** Has it ring at a time, in milliseconds since 1970, instead of any earlier one. */
  set(at: number): void;
  clear(): void;
}

/** A timer that is due. */
export interface DueTimer {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly payload: unknown;
  /** How often it has failed. */
  readonly attempts: number;
}

/** A timer that was given up. */
export interface DeadTimer {
  readonly name: string;
  readonly payload: unknown;
  /** What its handler threw last, as text. */
  readonly error: string;
  /** Milliseconds since 1970. */
  readonly diedAt: number;
}

/** The timers of one object. Calls belong inside transactions, so that a timer is set with what it is for. */
export class Timers {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  /** The timer whose handler is running. */
  #ringing: DueTimer | undefined;
  /** When the alarm rings for `wakeBy`. */
  #wakeAt: number | undefined;
  /** When it rings at the latest for what an earlier memory may have asked of `wakeBy`; see `oweWake`. */
  #owedAt: number | undefined;
  #hasEnded = false;

  constructor(sql: Sql, clock: Clock, alarm: Alarm) {
    this.#sql = sql;
    this.#clock = clock;
    this.#alarm = alarm;
  }

  /**
   * Sets, or moves, the timer of this name. `at` is in milliseconds since 1970, and a time that has passed means at once;
   * `payload` is JSON. Throws a `RangeError` where `at` is no number.
   */
  set(name: string, at: number, payload: unknown = null): void {
    const dueAt = this.#deadline(name, at);
    this.#moving(() => {
      this.#sql.run(
        `INSERT INTO timers (name, due_at, attempts, payload) VALUES (?, ?, 0, ?)
         ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, attempts = 0, payload = excluded.payload`,
        name,
        dueAt,
        JSON.stringify(payload),
      );
    });
  }

  /** Removes the timer of this name, if there is one. */
  cancel(name: string): void {
    this.#moving(() => this.#sql.run("DELETE FROM timers WHERE name = ?", name));
  }

  /** The timer of this name; undefined where there is none. */
  get(name: string): { readonly dueAt: number; readonly payload: unknown } | undefined {
    const [row] = this.#sql.run<{ due_at: number; payload: string }>(
      "SELECT due_at, payload FROM timers WHERE name = ?",
      name,
    );
    return row && { dueAt: row.due_at, payload: JSON.parse(row.payload) as unknown };
  }

  /**
   * Has the alarm ring at `at` or before, for no timer: a timer bills three rows until it has fired, this the alarm's one. It is
   * kept in memory only, though the alarm outlives it; so the object must find by itself what there is to do, whenever its
   * alarm rings and whenever its memory is new (`oweWake`).
   */
  wakeBy(at: number): void {
    if (this.#wakeAt === undefined || at < this.#wakeAt) this.#moving(() => (this.#wakeAt = at));
  }

  /**
   * An earlier memory may have called `wakeBy`, and this one is about to do what that was for: until `settleWake`, no change of
   * timers puts the alarm off past `at`.
   */
  oweWake(at: number): void {
    this.#owedAt = at;
  }

  /** What an earlier memory may have called `wakeBy` for is done. */
  settleWake(): void {
    this.#owedAt = undefined;
  }

  /** Storage is about to be erased, and the alarm with it: whatever still calls changes nothing any more. */
  end(): void {
    this.#hasEnded = true;
  }

  /** What memory holds now, as a function that brings it back after a transaction was undone. */
  mark(): () => void {
    const wakeAt = this.#wakeAt;
    return () => {
      this.#wakeAt = wakeAt;
    };
  }

  /** When the timer of this name is due; undefined where there is none. */
  dueAt(name: string): number | undefined {
    return this.#sql.run<{ due_at: number }>("SELECT due_at FROM timers WHERE name = ?", name)[0]
      ?.due_at;
  }

  /** The next deadline of all. */
  nextDueAt(): number | undefined {
    return (
      this.#sql.run<{ due_at: number | null }>("SELECT min(due_at) AS due_at FROM timers")[0]
        ?.due_at ?? undefined
    );
  }

  /**
   * The alarm has rung: hands each timer that is due to `handle`, earliest first, then sets the alarm for the next
   * deadline. A timer whose handler succeeds is forgotten; one whose handler throws is tried again later, or becomes a
   * dead letter; one that was set anew meanwhile keeps its new deadline. `woken` is what the object does besides.
   */
  async ring(
    handle: (timer: DueTimer) => void | Promise<void>,
    woken: () => void | Promise<void> = () => {},
  ): Promise<void> {
    // It may ring early, for a timer: what `wakeBy` is for is done now all the same.
    this.#wakeAt = undefined;
    for (const name of this.#dueNames()) {
      const timer = this.#findDue(name);
      // A handler before this one has moved or cancelled it.
      if (timer === undefined) continue;
      this.#ringing = timer;
      try {
        await handle(timer);
        if (!this.#hasEnded) this.#forget(timer);
      } catch (error) {
        if (!this.#hasEnded) this.#failed(timer, error);
      } finally {
        this.#ringing = undefined;
      }
      if (this.#hasEnded) return;
    }
    await woken();
    const next = this.#nextAlarm();
    if (next !== undefined) this.#alarm.set(next);
  }

  /** Timers that were given up, oldest first. */
  dead(): readonly DeadTimer[] {
    return this.#sql
      .run<{ name: string; payload: string; error: string; died_at: number }>(
        "SELECT name, payload, error, died_at FROM dead_timers ORDER BY id",
      )
      .map(({ name, payload, error, died_at }) => ({
        name,
        error,
        payload: JSON.parse(payload) as unknown,
        diedAt: died_at,
      }));
  }

  /** Touches the alarm only where the earliest deadline moves. */
  #moving(change: () => void): void {
    if (this.#hasEnded) return;
    const before = this.#nextAlarm();
    change();
    const after = this.#nextAlarm();
    // Where a wake is owed it is not known what the alarm is set to.
    if (after === before && this.#owedAt === undefined) return;
    if (after === undefined) this.#alarm.clear();
    else this.#alarm.set(after);
  }

  #nextAlarm(): number | undefined {
    const next = Math.min(
      this.nextDueAt() ?? Infinity,
      this.#wakeAt ?? Infinity,
      this.#owedAt ?? Infinity,
    );
    return next === Infinity ? undefined : next;
  }

  /** A timer that its own handler sets anew must be told apart from the one that rang, so its deadline is later. */
  #deadline(name: string, at: number): number {
    if (Number.isNaN(at))
      throw new RangeError(`The deadline of the timer "${name}" is not a number.`);
    const dueAt = Math.min(Math.max(1, Math.ceil(at)), LATEST_MS);
    return this.#ringing?.name === name ? Math.max(dueAt, this.#ringing.dueAt + 1) : dueAt;
  }

  #dueNames(): readonly string[] {
    return this.#sql
      .run<{ name: string }>(
        "SELECT name FROM timers WHERE due_at <= ? ORDER BY due_at",
        this.#clock.now(),
      )
      .map(({ name }) => name);
  }

  #findDue(name: string): DueTimer | undefined {
    const [row] = this.#sql.run<{ due_at: number; payload: string; attempts: number }>(
      "SELECT due_at, payload, attempts FROM timers WHERE name = ? AND due_at <= ?",
      name,
      this.#clock.now(),
    );
    if (row === undefined) return undefined;
    const { due_at: dueAt, attempts, payload } = row;
    return { name, dueAt, attempts, payload: JSON.parse(payload) as unknown };
  }

  /** Forgets a timer, unless it was set anew; answers whether it was there. */
  #forget({ name, dueAt }: DueTimer): boolean {
    return (
      this.#sql.run("DELETE FROM timers WHERE name = ? AND due_at = ? RETURNING name", name, dueAt)
        .length > 0
    );
  }

  #failed(timer: DueTimer, error: unknown): void {
    const attempts = timer.attempts + 1;
    const now = this.#clock.now();
    if (attempts < MAX_ATTEMPTS) {
      const wait = Math.min(BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS);
      this.#sql.run(
        "UPDATE timers SET due_at = ?, attempts = ? WHERE name = ? AND due_at = ?",
        now + wait,
        attempts,
        timer.name,
        timer.dueAt,
      );
      return;
    }
    this.#sql.transaction(() => {
      if (!this.#forget(timer)) return;
      this.#sql.run(
        "INSERT INTO dead_timers (name, payload, error, died_at) VALUES (?, ?, ?, ?)",
        timer.name,
        JSON.stringify(timer.payload),
        error instanceof Error ? error.message : String(error),
        now,
      );
    });
  }
}
