/** Getting events to all members of a room. */

import type { Clock } from "../object/index.ts";
import { MAX_ROOM_BACKLOG_BYTES, PerdureError } from "../protocol/index.ts";
import type { JoinStamp } from "./room-members.ts";
import type { ConnectionRpc, RoomDelivery, WireFrame } from "./rpc.ts";
import { TimeLimit } from "./time-limit.ts";

/** Members that are called at once. Measured: with more a room's one thread is no faster, and with 256 slower. */
const CONCURRENCY = 32;

/** How long a member may take for one call, in milliseconds; it has to send a few frames on its sockets. */
const CALL_LIMIT_MS = 5_000;

/** Most frames and bytes of one call. */
const CALL_FRAMES = 256;
const CALL_BYTES = 1024 * 1024;

/**
 * Calls that the room makes at most before it has called itself. The platform allows 1,000 calls between objects (10,000 on the paid
 * plan) for each event that an object gets, and the room's call of itself is a new event; half of it is left for what users' own
 * methods call.
 */
const CALLS_PER_EVENT = 500;

/** Calls left at which it calls itself: early enough that nothing has to wait for that. */
const RENEW_AT_CALLS = CALLS_PER_EVENT / 2;

/** Most deliveries that wait, of whatever size: each event has one for every member. */
const MAX_WAITING = 1_000_000;

/** The object of a member, by one stub: calls over it arrive in order. */
export type MemberObject = Pick<ConnectionRpc, "deliver" | "isIn" | "forget">;

/** How a room reaches objects. */
export interface RoomReach {
  /** The object of a user, by a new stub. */
  memberObject(userId: string): MemberObject;
  /** Calls the room itself, to no effect. */
  renew(): Promise<void>;
}

/** Who gets an event. */
export interface Audience {
  /** Only this user. */
  readonly only?: string | undefined;
  /** All but this user. */
  readonly butUser?: string | undefined;
  /** All but this socket of this user. */
  readonly butSocket?: { readonly userId: string; readonly id: string } | undefined;
}

/** What the fan-out needs of the room. */
export interface FanOutRoom {
  /** Name of the room. */
  readonly name: string;
  readonly clock: Clock;
  readonly reach: RoomReach;
  /** Names of all members. */
  readonly userIds: () => Iterable<string>;
  readonly stampOf: (userId: string) => JoinStamp | undefined;
  /** A member's object has no open socket in the room; `stamp` is from before it was asked. */
  readonly onGone: (userId: string, stamp: JoinStamp) => void;
}

/** An event on its way. */
interface Entry {
  readonly frame: WireFrame;
  readonly audience: Audience;
  readonly settle: (reached: number) => void;
  /** Members that it has yet to go to. */
  waiting: number;
  /** Sockets that it went to. */
  reached: number;
}

/** A member that has events to get, one call after another. */
interface Lane {
  readonly userId: string;
  readonly entries: Entry[];
  /** Undefined before its first call, and after one that failed: a stub that has failed may be of no more use. */
  object: MemberObject | undefined;
}

/**
 * The events of a room on their way to its members. Each member has a lane: it gets the events in the order in which the room
 * took them, and all that wait for it in one call. A lane whose member is slow holds up nobody else; it takes one of the places
 * for calls until its time is over. Everything is in memory, and only as long as somebody waits for it.
 */
export class RoomFanOut {
  readonly #room: FanOutRoom;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something to send and no call under way, from `#turn` on. */
  #ready: Lane[] = [];
  #turn = 0;
  readonly #limit: TimeLimit;
  #calling = 0;
  #callsLeft = CALLS_PER_EVENT;
  #waiting = 0;
  #bytes = 0;

  constructor(room: FanOutRoom) {
    this.#room = room;
    this.#limit = new TimeLimit(room.clock, CALL_LIMIT_MS);
  }

  /** Whether so much is under way that nothing more should be. */
  get isFull(): boolean {
    return this.#bytes >= MAX_ROOM_BACKLOG_BYTES || this.#waiting >= MAX_WAITING;
  }

  /** Takes an event for those who are members now. @returns To how many sockets it went, when all members have answered or failed. */
  send(frame: WireFrame, audience: Audience = {}): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const entry: Entry = { frame, audience, settle: resolve, waiting: 0, reached: 0 };
    const { only, butUser } = audience;
    for (const userId of only === undefined ? this.#room.userIds() : [only])
      if (userId !== butUser) this.#queue(userId, entry);
    this.#bytes += frame.length;
    this.#waiting += entry.waiting;
    if (entry.waiting === 0) this.#finish(entry);
    this.#call();
    return promise;
  }

  #queue(userId: string, entry: Entry): void {
    entry.waiting += 1;
    const known = this.#lanes.get(userId);
    if (known !== undefined) {
      known.entries.push(entry);
      return;
    }
    const lane: Lane = { userId, entries: [entry], object: undefined };
    this.#lanes.set(userId, lane);
    this.#ready.push(lane);
  }

  /** Starts as many calls as may run. */
  #call(): void {
    while (this.#calling < CONCURRENCY && this.#callsLeft > 0) {
      const lane = this.#ready[this.#turn];
      if (lane === undefined) {
        this.#ready = [];
        this.#turn = 0;
        return;
      }
      this.#callsLeft -= 1;
      if (this.#callsLeft === RENEW_AT_CALLS) void this.#renew();
      this.#calling += 1;
      this.#turn += 1;
      void this.#run(lane);
    }
  }

  /** Has the room call itself. */
  async #renew(): Promise<void> {
    try {
      await this.#limit.within(this.#room.reach.renew());
    } catch {
      // Then the calls themselves say what is wrong.
    }
    this.#callsLeft = CALLS_PER_EVENT;
    this.#call();
  }

  async #run(lane: Lane): Promise<void> {
    const batch = takeBatch(lane.entries);
    const stamp = this.#room.stampOf(lane.userId);
    const reached = await this.#deliver(lane, batch);
    for (const [index, entry] of batch.entries()) {
      entry.reached += (typeof reached === "number" ? reached : reached?.[index]) ?? 0;
      entry.waiting -= 1;
      if (entry.waiting === 0) this.#finish(entry);
    }
    this.#waiting -= batch.length;
    if (reached === null && stamp !== undefined) this.#room.onGone(lane.userId, stamp);
    if (lane.entries.length > 0) this.#ready.push(lane);
    else this.#lanes.delete(lane.userId);
    this.#calling -= 1;
    this.#call();
  }

  /** What each entry reached; null where the member has no socket in the room; undefined where it failed. */
  async #deliver(
    lane: Lane,
    batch: readonly Entry[],
  ): Promise<number | readonly number[] | null | undefined> {
    const { name, reach } = this.#room;
    const object = (lane.object ??= reach.memberObject(lane.userId));
    const call = object.deliver(
      name,
      batch.map((entry) => deliveryOf(entry, lane.userId)),
    );
    try {
      return await this.#limit.within(call);
    } catch (error) {
      // Where it is only too slow, its next events go over the same stub, so that they cannot overtake these.
      if (!(error instanceof PerdureError)) lane.object = undefined;
      return undefined;
    }
  }

  #finish(entry: Entry): void {
    this.#bytes -= entry.frame.length;
    entry.settle(entry.reached);
  }
}

/** Takes what goes in one call. */
function takeBatch(entries: Entry[]): readonly Entry[] {
  let bytes = 0;
  const end = entries.findIndex(({ frame }, index) => {
    bytes += frame.length;
    return index > 0 && (index >= CALL_FRAMES || bytes > CALL_BYTES);
  });
  return entries.splice(0, end === -1 ? entries.length : end);
}

function deliveryOf({ frame, audience: { butSocket } }: Entry, userId: string): RoomDelivery {
  return butSocket?.userId === userId ? { frame, except: butSocket.id } : { frame };
}
