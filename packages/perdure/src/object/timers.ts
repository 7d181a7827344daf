/** Many named timers over the platform's one alarm: at least once, with backoff, and dead letters kept. */

import type { Clock } from "./clock.ts";
import type { Migration } from "./migrations.ts";
import type { Sql } from "./sql.ts";

/** First wait after a failure; each further one doubles it. The platform's own retries begin with 2 s, too. */
const BACKOFF_MS = 2_000;

/** Longest wait between two attempts. */
const MAX_BACKOFF_MS = 60 * 60 * 1000;

/** Attempts after which a timer becomes a dead letter: about three hours of trying. */
export const MAX_ATTEMPTS = 12;

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
  set(at: number): void;
  clear(): void;
}

/** A timer that is due. */
export interface DueTimer {
  readonly name: string;
  readonly payload: unknown;
  /** How often it has failed. */
  readonly attempts: number;
}

/** A timer that was given up. */
export interface DeadTimer {
  readonly name: string;
  readonly payload: unknown;
  readonly error: string;
  readonly diedAt: number;
}

/** The timers of one object. Calls belong inside transactions, so that a timer is set with what it is for. */
export class Timers {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #alarm: Alarm;

  constructor(sql: Sql, clock: Clock, alarm: Alarm) {
    this.#sql = sql;
    this.#clock = clock;
    this.#alarm = alarm;
  }

  /** Sets, or moves, the timer of this name. `payload` is JSON. */
  set(name: string, at: number, payload: unknown = null): void {
    this.#moving(() => {
      this.#sql.run(
        `INSERT INTO timers (name, due_at, attempts, payload) VALUES (?, ?, 0, ?)
         ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, attempts = 0, payload = excluded.payload`,
        name,
        Math.ceil(at),
        JSON.stringify(payload),
      );
    });
  }

  /** Removes the timer of this name, if there is one. */
  cancel(name: string): void {
    this.#moving(() => this.#sql.run("DELETE FROM timers WHERE name = ?", name));
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

  /** Timers that are due now, earliest first. */
  due(): readonly DueTimer[] {
    return this.#sql
      .run<{ name: string; payload: string; attempts: number }>(
        "SELECT name, payload, attempts FROM timers WHERE due_at <= ? ORDER BY due_at",
        this.#clock.now(),
      )
      .map(({ name, payload, attempts }) => ({
        name,
        attempts,
        payload: JSON.parse(payload) as unknown,
      }));
  }

  /** Its handler has succeeded: forgets the timer, unless the handler has set it anew. */
  succeeded(timer: DueTimer): void {
    this.#sql.run(
      "DELETE FROM timers WHERE name = ? AND due_at <= ?",
      timer.name,
      this.#clock.now(),
    );
  }

  /** Its handler has failed: tries again later, or keeps it as a dead letter. */
  failed(timer: DueTimer, error: unknown): void {
    const attempts = timer.attempts + 1;
    const now = this.#clock.now();
    if (attempts < MAX_ATTEMPTS) {
      const wait = Math.min(BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS);
      this.#sql.run(
        "UPDATE timers SET due_at = ?, attempts = ? WHERE name = ?",
        now + wait,
        attempts,
        timer.name,
      );
      return;
    }
    this.#sql.run("DELETE FROM timers WHERE name = ?", timer.name);
    this.#sql.run(
      "INSERT INTO dead_timers (name, payload, error, died_at) VALUES (?, ?, ?, ?)",
      timer.name,
      JSON.stringify(timer.payload),
      error instanceof Error ? error.message : String(error),
      now,
    );
  }

  /** Sets the alarm for the next deadline: once after an alarm has rung, because that used it up. */
  rearm(): void {
    const next = this.nextDueAt();
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
    const before = this.nextDueAt();
    change();
    const after = this.nextDueAt();
    if (after === before) return;
    if (after === undefined) this.#alarm.clear();
    else this.#alarm.set(after);
  }
}
