import type { Link } from "../../src/object/index.ts";
import { migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import { connectionCodec } from "../../src/connection/codec.ts";
import { Memberships } from "../../src/connection/memberships.ts";
import type { MemberObject } from "../../src/connection/room-fan-out.ts";
import { ROOM_MIGRATIONS } from "../../src/connection/room-members.ts";
import { PRUNE_TIMER } from "../../src/connection/room-pruning.ts";
import type { RoomLeaveReason, RoomParts } from "../../src/connection/room.ts";
import { Room } from "../../src/connection/room.ts";
import type { RoomDelivery } from "../../src/connection/rpc.ts";
import type { RoomMember } from "../../src/protocol/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeLink } from "../support/fake-link.ts";
import { NodeSql } from "../support/node-sql.ts";

/** A socket of a user, whose events a test can read. */
export class RoomSocket extends FakeLink {
  /** The events so far, in short: the name and the data; asking takes them. */
  events(): (readonly [event: string, data: unknown])[] {
    return this.texts.splice(0).map((text) => {
      const { event, data } = JSON.parse(text) as { event: string; data?: unknown };
      return [event, data];
    });
  }

  /** The data of the application's events so far; asking takes all. */
  said(): unknown[] {
    return this.events()
      .filter(([event]) => event === "said")
      .map(([, data]) => data);
  }
}

/** A user's object: its sockets, and how calls of it go. */
export class RoomUser {
  readonly sockets: RoomSocket[] = [];
  readonly calls: number[] = [];
  readonly timers: Timers;
  readonly memberships: Memberships;
  /** Waited for by each call before it does anything. */
  hold: Promise<void> = Promise.resolve();
  /** Waited for by the next call alone, instead. */
  holdNext: Promise<void> | undefined;
  /** Waited for by each call before its answer leaves. */
  holdAnswer: Promise<void> = Promise.resolve();
  /** Stubs of it that the room has made. */
  stubs = 0;
  /** Whether calls of it fail. */
  isDown = false;
  readonly #world: RoomWorld;

  constructor(world: RoomWorld, userId: string) {
    this.#world = world;
    const sql = new NodeSql();
    migrate(sql, [{ owner: "timers", migrations: TIMER_MIGRATIONS }]);
    this.timers = new Timers(sql, world.clock, { set: () => {}, clear: () => {} });
    const open = (): readonly Link[] => this.sockets;
    this.memberships = new Memberships({
      userId,
      get links() {
        return open();
      },
      timers: this.timers,
      clock: world.clock,
      rooms: {
        join: (_room, user, meta) => world.reached(() => world.room.join(user, meta)),
        leave: (_room, user) => world.reached(() => world.room.leave(user)),
      },
      send: (link, frame) => link.send(frame),
    });
  }

  /** Opens a socket. */
  open(): RoomSocket {
    const socket = new RoomSocket({
      kind: "connection",
      subject: "somebody",
      role: "participant",
      expiresAt: null,
      id: `socket-${this.#world.nextSocket()}`,
      connectedAt: this.#world.clock.now(),
    });
    this.sockets.push(socket);
    return socket;
  }

  /** A socket is gone; without a word where the object does not hear of it. */
  async close(socket: RoomSocket, isHeard = true): Promise<void> {
    this.sockets.splice(this.sockets.indexOf(socket), 1);
    if (isHeard) await this.memberships.closed(socket);
  }

  /** What the room calls. */
  get object(): MemberObject {
    this.stubs += 1;
    const answer = async <T>(work: () => T): Promise<T> => {
      const hold = this.holdNext ?? this.hold;
      this.holdNext = undefined;
      await hold;
      if (this.isDown) throw new Error("The object cannot be reached.");
      const value = work();
      await this.holdAnswer;
      return value;
    };
    return {
      deliver: (room: string, frames: readonly RoomDelivery[]) => {
        this.calls.push(frames.length);
        return answer(() => this.memberships.deliver(room, frames));
      },
      isIn: (room) => answer(() => this.memberships.isIn(room)),
      forget: (room) => answer(() => this.memberships.forget(room)),
    };
  }
}

/** One room and its users, without the platform. */
export class RoomWorld {
  readonly clock = new FakeClock();
  readonly sql = new NodeSql();
  readonly users = new Map<string, RoomUser>();
  /** What the hooks heard. */
  readonly journal: string[] = [];
  readonly timers: Timers;
  /** What the room does before a join; throw to refuse. */
  onJoin: (member: RoomMember) => void | Promise<void> = () => {};
  /** How often the room has called itself. */
  renewals = 0;
  /** Waited for by the room's calls of itself. */
  holdRenewal: Promise<void> = Promise.resolve();
  /** Whether calls of the room fail. */
  isRoomDown = false;
  room: Room;
  readonly #change: Partial<RoomParts>;
  #sockets = 0;

  constructor(change: Partial<RoomParts> = {}) {
    this.#change = change;
    migrate(this.sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "room", migrations: ROOM_MIGRATIONS },
    ]);
    this.timers = new Timers(this.sql, this.clock, { set: () => {}, clear: () => {} });
    this.room = this.#newRoom();
  }

  /** The room's memory is new. */
  wake(): void {
    this.room = this.#newRoom();
  }

  /** A user, by name. */
  user(userId: string): RoomUser {
    const known = this.users.get(userId);
    if (known !== undefined) return known;
    const made = new RoomUser(this, userId);
    this.users.set(userId, made);
    return made;
  }

  /** Opens a socket of a user and takes it into the room. */
  async join(userId: string, meta?: object | null): Promise<RoomSocket> {
    const socket = this.user(userId).open();
    await this.user(userId).memberships.join(socket, "lobby", meta);
    return socket;
  }

  /** Sends an event to the room. */
  say(
    data: unknown,
    sender?: { readonly userId: string; readonly except?: string },
  ): Promise<number> {
    const frame = JSON.stringify({ t: "event", event: "said", data, room: "lobby" });
    return this.room.relay(frame, sender ?? null);
  }

  /** The names of all members. */
  get names(): string[] {
    return this.room.page({}).map(({ userId }) => userId);
  }

  /** Rows of the room's own, and of its timers. */
  get rows(): number {
    return ["room_members", "room_flags", "timers"]
      .map((table) => this.sql.run<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]?.n ?? 0)
      .reduce((sum, n) => sum + n, 0);
  }

  /** Milliseconds until the next look for members that are gone; undefined where none is due. */
  get nextLook(): number | undefined {
    const due = this.timers.dueAt(PRUNE_TIMER);
    return due === undefined ? undefined : due - this.clock.now();
  }

  /** Moves time to the next look, and has it happen. */
  async look(): Promise<void> {
    this.clock.advance(this.nextLook ?? 0);
    await this.timers.ring(({ payload }) => this.room.prune(payload));
  }

  /** Calls the room, unless it is down. */
  async reached<T>(call: () => Promise<T>): Promise<T> {
    if (this.isRoomDown) throw new Error("The room cannot be reached.");
    return call();
  }

  nextSocket(): number {
    this.#sockets += 1;
    return this.#sockets;
  }

  #newRoom(): Room {
    return new Room({
      name: "lobby",
      sql: this.sql,
      clock: this.clock,
      timers: this.timers,
      presenceLimit: 0,
      codec: connectionCodec,
      reach: {
        memberObject: (userId) => this.user(userId).object,
        renew: async () => {
          this.renewals += 1;
          await this.holdRenewal;
        },
      },
      onJoin: async (member) => {
        await this.onJoin(member);
        this.journal.push(`join ${member.userId}`);
      },
      onLeave: ({ userId }: RoomMember, why: RoomLeaveReason) => {
        this.journal.push(`leave ${userId} ${why}`);
      },
      onFault: (error) => this.journal.push(`fault ${String(error)}`),
      ...this.#change,
    });
  }
}

/** Lets everything that can go on do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
