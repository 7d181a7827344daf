import { migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import { AuthSessions } from "../../src/auth/auth-sessions.ts";
import type { Closing } from "../../src/auth/live-objects.ts";
import { AUTH_SESSION_SCHEMA } from "../../src/auth/record-schema.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";

export const SECOND = 1_000;
export const DAY = 24 * 60 * 60 * SECOND;

/** A token for a test: long enough, and no secret. */
export const tokenOf = (name: string) => `token-of-${name}`.padEnd(16, "-");

/** One auth session object without the platform: its alarm rings when a test says so. */
export class SessionWorld {
  readonly sql = new NodeSql();
  readonly clock: FakeClock;
  readonly timers: Timers;
  readonly sessions: AuthSessions;
  /** What objects were told to close, in order. */
  readonly closings: Closing[] = [];
  /** Names of objects that cannot be reached. */
  readonly unreachable = new Set<string>();
  /** When the alarm rings. */
  alarmAt: number | undefined;

  constructor({ clock = new FakeClock(), maxPerUser = 100 } = {}) {
    this.clock = clock;
    migrate(this.sql, [{ owner: "timers", migrations: TIMER_MIGRATIONS }, AUTH_SESSION_SCHEMA]);
    this.timers = new Timers(this.sql, clock, {
      set: (at) => (this.alarmAt = at),
      clear: () => (this.alarmAt = undefined),
    });
    this.sessions = new AuthSessions({
      sql: this.sql,
      clock,
      timers: this.timers,
      maxPerUser,
      disconnect: async (closing) => {
        if (this.unreachable.has(closing.name)) throw new Error(`${closing.name} is not reached`);
        this.closings.push(closing);
      },
    });
  }

  /** Creates a session of a user whose token is made of a name. */
  create(name: string, userId = "ada", ttlSeconds?: number) {
    return this.sessions.create({ token: tokenOf(name), userId, ttlSeconds }, {});
  }

  /** Moves time, with the alarm ringing whenever it is due. Answers how often it rang. */
  async pass(milliseconds: number): Promise<number> {
    const end = this.clock.now() + milliseconds;
    let rings = 0;
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      this.clock.advance(Math.max(0, this.alarmAt - this.clock.now()));
      this.alarmAt = undefined;
      rings += 1;
      await this.timers.ring(async ({ name }) => void (await this.sessions.timer(name)));
    }
    this.clock.advance(end - this.clock.now());
    return rings;
  }

  /** Rows of a table. */
  count(table: string): number {
    return Number(this.sql.run<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]?.n);
  }
}
