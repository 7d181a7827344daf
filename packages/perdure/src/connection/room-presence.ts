/** Telling the members of a room who joins and leaves. */

import type { Sql } from "../object/index.ts";
import type { RoomMember } from "../protocol/index.ts";
import { ROOM_EVENTS } from "../protocol/index.ts";
import type { Audience } from "./room-fan-out.ts";
import type { RoomMembers } from "./room-members.ts";

/** The flag of a room that has grown past its limit and not shrunk again. */
const QUIET = "quiet";

/** What presence needs of the room. */
export interface PresenceRoom {
  readonly sql: Sql;
  readonly members: RoomMembers;
  /** Most members among whom all are told; 0: nobody ever is. */
  readonly limit: number;
  /** Sends an event of the library's to some members; settles, without fail, when it has arrived. */
  readonly tell: (event: string, data: unknown, audience?: Audience) => Promise<unknown>;
}

/**
 * Presence as events. A room that grows past its limit becomes quiet: all are told once that they are told no more. When half
 * of the limit is left, all get the list and hear of changes again; so what is sent grows with the joins and leaves, not with
 * their square, even where members come and go at the limit.
 */
export class RoomPresence {
  readonly #room: PresenceRoom;
  #isQuiet: boolean;

  constructor(room: PresenceRoom) {
    this.#room = room;
    this.#isQuiet = room.sql.run("SELECT * FROM room_flags WHERE name = ?", QUIET).length > 0;
  }

  /** A member is there that was not, or has other metadata than before. */
  joined(member: RoomMember, isNew: boolean): void {
    const { limit, members, tell } = this.#room;
    if (limit === 0) return;
    const { userId } = member;
    if (this.#isQuiet) {
      if (isNew) void tell(ROOM_EVENTS.members, { members: null }, { only: userId });
      return;
    }
    if (members.count > limit) {
      this.#setQuiet(true);
      void tell(ROOM_EVENTS.members, { members: null });
      return;
    }
    if (isNew) void tell(ROOM_EVENTS.members, { members: this.#list() }, { only: userId });
    void tell(ROOM_EVENTS.join, member, { butUser: userId });
  }

  /** A member is there no more. */
  left(userId: string): void {
    const { limit, members, tell } = this.#room;
    if (limit === 0) return;
    if (!this.#isQuiet) {
      void tell(ROOM_EVENTS.leave, { userId });
      return;
    }
    if (members.count > limit / 2) return;
    this.#setQuiet(false);
    if (members.count > 0) void tell(ROOM_EVENTS.members, { members: this.#list() });
  }

  /** Tells a member that it was put out, as the others will hear. */
  async tellKicked(userId: string): Promise<void> {
    if (this.#room.limit > 0)
      await this.#room.tell(ROOM_EVENTS.leave, { userId }, { only: userId });
  }

  #list(): readonly RoomMember[] {
    const { members, limit } = this.#room;
    return members.page({ limit });
  }

  #setQuiet(isQuiet: boolean): void {
    this.#room.sql.run(
      isQuiet
        ? "INSERT OR IGNORE INTO room_flags (name) VALUES (?)"
        : "DELETE FROM room_flags WHERE name = ?",
      QUIET,
    );
    this.#isQuiet = isQuiet;
  }
}
