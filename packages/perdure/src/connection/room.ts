/** A room: its members, its events, and who is told what. */

import type { Clock, Sql, Timers } from "../object/index.ts";
import { canonicalJson } from "../object/index.ts";
import type { RoomMember } from "../protocol/index.ts";
import {
  MAX_ROOM_FRAME_BYTES,
  MAX_ROOM_MEMBERS,
  MAX_USER_ID_LENGTH,
  PerdureError,
} from "../protocol/index.ts";
import type { Codec } from "./codec.ts";
import { encodeEvent } from "./codec.ts";
import { checkName } from "./names.ts";
import type { RoomReach } from "./room-fan-out.ts";
import { RoomFanOut } from "./room-fan-out.ts";
import { metaJson } from "./room-meta.ts";
import type { JoinStamp, PageOptions } from "./room-members.ts";
import { RoomMembers } from "./room-members.ts";
import { RoomPresence } from "./room-presence.ts";
import { RoomPruning } from "./room-pruning.ts";
import type { RoomSender, WireFrame } from "./rpc.ts";
import { Turns } from "./turns.ts";

/**
 * Why a membership has ended: `left`, the user's last socket left the room or closed; `gone`, the user's object had no socket in
 * it any more when the room asked; `kicked`, the room put the user out.
 */
export type RoomLeaveReason = "left" | "gone" | "kicked";

/** What a room is made of. */
export interface RoomParts {
  readonly name: string;
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly reach: RoomReach;
  readonly codec: Pick<Codec, "encode">;
  /** Most members; `room_full` past it. */
  readonly maxMembers?: number | undefined;
  /** Members among whom all are told who joins and leaves; 0: nobody is told. */
  readonly presenceLimit: number;
  /** Before a user becomes a member, or its metadata changes; what it throws refuses that. */
  readonly onJoin: (member: RoomMember) => void | Promise<void>;
  /** After a membership has ended; what it throws is only logged. */
  readonly onLeave: (member: RoomMember, why: RoomLeaveReason) => void | Promise<void>;
  /** Told of what `onLeave` throws. */
  readonly onFault: (error: unknown) => void;
}

/** One room. All that must last is in storage; in memory are the names of its members, and events as long as somebody waits for them. */
export class Room {
  readonly #parts: RoomParts;
  readonly #members: RoomMembers;
  readonly #fanOut: RoomFanOut;
  readonly #presence: RoomPresence;
  readonly #pruning: RoomPruning;
  /** One user's joins and leaves happen one after another, because `onJoin` may take its time. */
  readonly #turns = new Turns();

  constructor(parts: RoomParts) {
    const { name, sql, clock, timers, reach, presenceLimit } = parts;
    this.#parts = parts;
    const members = new RoomMembers(sql);
    this.#members = members;
    const onGone = (userId: string, stamp: JoinStamp): void =>
      this.#endUnlessRenewed(userId, stamp);
    this.#fanOut = new RoomFanOut({
      name,
      clock,
      reach,
      userIds: () => members.userIds,
      stampOf: (userId) => members.stampOf(userId),
      onGone,
    });
    this.#presence = new RoomPresence({
      sql,
      members,
      limit: presenceLimit,
      tell: (event, data, audience) => this.#fanOut.send(this.#encode(event, data), audience),
    });
    this.#pruning = new RoomPruning({ name, clock, timers, members, reach, onGone });
  }

  /** See `RoomRpc.join`. Throws `bad_request`, `too_large`, `room_full`, or what `onJoin` throws. */
  async join(userId: string, meta: object | null): Promise<void> {
    checkName("The id of a member", userId, MAX_USER_ID_LENGTH);
    const json = metaJson(meta);
    await this.#turns.run(userId, () => this.#join(userId, json));
  }

  /** See `RoomRpc.leave`. */
  async leave(userId: string): Promise<void> {
    await this.#turns.run(userId, () => this.#end(userId, "left"));
  }

  /** Sends an encoded event to all members. Throws `too_large`, or `rate_limited` where too much is under way. */
  async relay(frame: WireFrame, sender: RoomSender | null): Promise<number> {
    if (frame.length > MAX_ROOM_FRAME_BYTES)
      throw new PerdureError(
        "too_large",
        `An event to a room has at most ${MAX_ROOM_FRAME_BYTES} bytes; send a reference.`,
      );
    if (this.#fanOut.isFull)
      throw new PerdureError(
        "rate_limited",
        "This room has too much to send; wait for earlier events.",
      );
    const except = sender?.except;
    return this.#fanOut.send(
      frame,
      sender === null || except === undefined
        ? {}
        : { butSocket: { userId: sender.userId, id: except } },
    );
  }

  /** Sends an event to all members. Throws as `relay`, and `bad_request` for data that cannot travel. */
  async emit(event: string, data: unknown): Promise<number> {
    return this.relay(this.#encode(event, data), null);
  }

  /** See `RoomRpc.members`. */
  page(options: PageOptions | undefined): readonly RoomMember[] {
    return this.#members.page(options);
  }

  /**
   * Ends a membership from the room's side: its sockets leave the room first, so that a crash in between leaves a member without
   * sockets, which is found later. Throws what the call of its object throws; then it is a member still.
   */
  async kick(userId: string): Promise<void> {
    await this.#turns.run(userId, async () => {
      if (this.#members.stampOf(userId) === undefined) return;
      await this.#presence.tellKicked(userId);
      await this.#parts.reach.memberObject(userId).forget(this.#parts.name);
      await this.#end(userId, "kicked");
    });
  }

  /** The timer of the pruning is due. */
  async prune(payload: unknown): Promise<void> {
    await this.#pruning.look(payload);
  }

  async #join(userId: string, json: string): Promise<void> {
    const { clock, sql, onJoin } = this.#parts;
    const known = this.#members.find(userId);
    if (known !== undefined && canonicalJson(known.meta) === json) {
      this.#members.renew(userId);
      return;
    }
    const member: RoomMember = {
      userId,
      meta: JSON.parse(json) as object | null,
      joinedAt: known?.joinedAt ?? clock.now(),
    };
    this.#checkRoomFor(known);
    await onJoin(member);
    // Others may have joined meanwhile.
    this.#checkRoomFor(known);
    sql.transaction(() => {
      this.#pruning.joined();
      this.#members.put(member);
    });
    this.#presence.joined(member, known === undefined);
  }

  #checkRoomFor(known: RoomMember | undefined): void {
    const { maxMembers = MAX_ROOM_MEMBERS } = this.#parts;
    if (known === undefined && this.#members.count >= maxMembers)
      throw new PerdureError(
        "room_full",
        `This room has its ${maxMembers} members; try again later.`,
      );
  }

  /** Ends a membership, unless the user has joined since it was asked: the answer was about sockets that it had before. */
  #endUnlessRenewed(userId: string, stamp: JoinStamp): void {
    if (this.#members.stampOf(userId) === stamp) void this.#end(userId, "gone");
  }

  /** Ends a membership at once, then tells `onLeave`. Never rejects. */
  async #end(userId: string, why: RoomLeaveReason): Promise<void> {
    const { sql, onLeave, onFault } = this.#parts;
    if (this.#members.stampOf(userId) === undefined) return;
    const member = sql.transaction(() => {
      const removed = this.#members.remove(userId);
      if (this.#members.count === 0) this.#pruning.emptied();
      return removed;
    });
    this.#presence.left(userId);
    try {
      if (member !== undefined) await onLeave(member, why);
    } catch (error) {
      onFault(error);
    }
  }

  #encode(event: string, data: unknown): WireFrame {
    const { codec, name: room } = this.#parts;
    return encodeEvent(codec, { t: "event", event, data, room });
  }
}
