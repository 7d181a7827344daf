/** The members of a room, in SQLite, with their names in memory. */

import type { Migration, Sql, SqlRow } from "../object/index.ts";
import type { RoomMember } from "../protocol/index.ts";

/** Most members of a page, and as many where nothing is said. */
const PAGE_MEMBERS = 1_000;

/** The tables of a room. A user has one row; the key needs no index besides, which would bill a row with each join and leave. */
export const ROOM_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "rooms",
    up: `CREATE TABLE room_members (
      user_id TEXT PRIMARY KEY, meta TEXT NOT NULL, joined_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE room_flags (name TEXT PRIMARY KEY) WITHOUT ROWID`,
  },
];

/** Stands for the last time that a user joined, as long as memory lasts: a later join has another. */
export interface JoinStamp {
  readonly userId: string;
}

interface MemberRow extends SqlRow {
  user_id: string;
  meta: string;
  joined_at: number;
}

/** A page of members. */
export interface PageOptions {
  /** Default and most: 1,000. */
  readonly limit?: number | undefined;
  /** Begins after this `userId`, which need not be a member any more. */
  readonly after?: string | undefined;
}

/** Who is in a room. Only storage matters; names are held in memory because every message needs all of them. */
export class RoomMembers {
  readonly #sql: Sql;
  readonly #stamps = new Map<string, JoinStamp>();

  constructor(sql: Sql) {
    this.#sql = sql;
    const rows = sql.run<{ user_id: string }>("SELECT user_id FROM room_members");
    for (const { user_id: userId } of rows) this.#stamps.set(userId, { userId });
  }

  /** How many there are. */
  get count(): number {
    return this.#stamps.size;
  }

  /** The names of all. */
  get userIds(): IterableIterator<string> {
    return this.#stamps.keys();
  }

  /** The stamp of a member's last join; undefined for a user who is none. */
  stampOf(userId: string): JoinStamp | undefined {
    return this.#stamps.get(userId);
  }

  /** A member; undefined for a user who is none. */
  find(userId: string): RoomMember | undefined {
    const [row] = this.#sql.run<MemberRow>("SELECT * FROM room_members WHERE user_id = ?", userId);
    return row && memberOf(row);
  }

  /** Notes that a member has joined again, with what it joined with before. */
  renew(userId: string): void {
    if (this.#stamps.has(userId)) this.#stamps.set(userId, { userId });
  }

  /** Adds a member, or replaces its metadata. */
  put({ userId, meta, joinedAt }: RoomMember): void {
    this.#sql.run(
      `INSERT INTO room_members (user_id, meta, joined_at) VALUES (?, ?, ?)
       ON CONFLICT (user_id) DO UPDATE SET meta = excluded.meta`,
      userId,
      JSON.stringify(meta),
      joinedAt,
    );
    this.#stamps.set(userId, { userId });
  }

  /** Removes a member, and answers with it; undefined for a user who is none. */
  remove(userId: string): RoomMember | undefined {
    const [row] = this.#sql.run<MemberRow>(
      "DELETE FROM room_members WHERE user_id = ? RETURNING *",
      userId,
    );
    this.#stamps.delete(userId);
    return row && memberOf(row);
  }

  /** Members in the order of their ids: a page after any id is the same, whoever has left meanwhile. */
  page({ limit, after = "" }: PageOptions = {}): readonly RoomMember[] {
    const members = Math.max(1, Math.min(PAGE_MEMBERS, Math.floor(limit ?? PAGE_MEMBERS) || 1));
    return this.#sql
      .run<MemberRow>(
        "SELECT * FROM room_members WHERE user_id > ? ORDER BY user_id LIMIT ?",
        after,
        members,
      )
      .map(memberOf);
  }
}

function memberOf({ user_id: userId, meta, joined_at: joinedAt }: MemberRow): RoomMember {
  return { userId, meta: JSON.parse(meta) as object | null, joinedAt };
}
