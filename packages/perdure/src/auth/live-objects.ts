/** Which objects have sockets of which session, so that these can be closed when it ends. */

import type { Clock, Sql, SqlRow } from "../object/index.ts";
import type { StoredSession } from "./record.ts";

/** Objects of one session that are known; beyond, the sockets in the one that was told of first are closed. */
export const MAX_LIVE_OBJECTS = 1_000;

/** An object with sockets. */
export interface LiveObject {
  /** The name of its binding in the `env` of the auth session's class. */
  readonly binding: string;
  /** Its own name. */
  readonly name: string;
}

/** Sockets that are to be closed in one object. */
export interface Closing extends LiveObject {
  readonly userId: string;
  /** Ids of sessions that have ended. */
  readonly sessions: readonly string[];
}

interface LiveRow extends SqlRow {
  session: string;
  binding: string;
  object: string;
}

interface ClosingRow extends LiveRow {
  user_id: string;
}

/** The objects with sockets of the sessions of one object. */
export class LiveObjects {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Remembers an object. Answers whether another had to go for it. */
  add({ id, userId }: StoredSession, { binding, name }: LiveObject): boolean {
    return this.#sql.transaction(() => {
      const added = this.#sql.run(
        `INSERT INTO auth_live (session, binding, object, at) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING RETURNING session`,
        id,
        binding,
        name,
        this.#clock.now(),
      );
      if (added.length === 0) return false;
      const [known] = this.#sql.run<{ count: number }>(
        "SELECT count(*) AS count FROM auth_live WHERE session = ?",
        id,
      );
      if ((known?.count ?? 0) <= MAX_LIVE_OBJECTS) return false;
      const oldest = this.#sql.run<LiveRow>(
        `DELETE FROM auth_live WHERE (session, binding, object) IN
           (SELECT session, binding, object FROM auth_live WHERE session = ? ORDER BY at, binding, object LIMIT 1)
         RETURNING session, binding, object`,
        id,
      );
      for (const row of oldest) this.#toClose(row, userId);
      return true;
    });
  }

  /** All objects of a session. */
  of(session: string): readonly LiveObject[] {
    return this.#sql
      .run<{ binding: string; object: string }>(
        "SELECT binding, object FROM auth_live WHERE session = ?",
        session,
      )
      .map(({ binding, object }) => ({ binding, name: object }));
  }

  /** Forgets the objects of a session: it has expired, and their sockets with it, or it is kept elsewhere. */
  forget(session: string): void {
    this.#sql.run("DELETE FROM auth_live WHERE session = ?", session);
  }

  /** Sessions have ended: their sockets are to be closed. Answers whether there may be any. */
  close(sessions: readonly StoredSession[]): boolean {
    let any = false;
    for (const { id, userId } of sessions)
      for (const row of this.#sql.run<LiveRow>(
        "DELETE FROM auth_live WHERE session = ? RETURNING session, binding, object",
        id,
      )) {
        any = true;
        this.#toClose(row, userId);
      }
    return any;
  }

  /** What is to be closed, each object once for each user. */
  closings(): readonly Closing[] {
    const rows = this.#sql.run<ClosingRow>("SELECT * FROM auth_closing");
    const groups = Map.groupBy(rows, ({ binding, object, user_id }) =>
      JSON.stringify([binding, object, user_id]),
    );
    return [...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { binding, object: name, user_id: userId } = first;
      return [{ binding, name, userId, sessions: group.map(({ session }) => session) }];
    });
  }

  /** The sockets are closed. */
  closed({ binding, name, sessions }: Closing): void {
    for (const session of sessions)
      this.#sql.run(
        "DELETE FROM auth_closing WHERE session = ? AND binding = ? AND object = ?",
        session,
        binding,
        name,
      );
  }

  #toClose({ session, binding, object }: LiveRow, userId: string): void {
    this.#sql.run(
      `INSERT INTO auth_closing (session, binding, object, user_id) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      session,
      binding,
      object,
      userId,
    );
  }
}
