import { createRoomHandler } from "../../src/connection/index.ts";
import { Memberships } from "../../src/connection/memberships.ts";
import { RoomCalls } from "../../src/connection/room-calls.ts";
import type { ConnectionRpc, RoomDelivery, WireFrame } from "../../src/connection/index.ts";
import type { Link } from "../../src/object/index.ts";
import { BaseDO, systemClock } from "../../src/object/index.ts";
import { encodeConnectionFrame, isObject, PerdureError } from "../../src/protocol/index.ts";

/** What happened in a room, in order. A test reads it without waking an object. */
export const roomJournal: string[] = [];

/** Rooms with every hook. Its name is no binding, so connections without `rooms` do not find it. */
export class HookedRoom extends createRoomHandler({
  name: "HookedRoom",
  connectionBinding: "ROOM_USER",
  presenceLimit: 3,
  onJoin: (room, { userId, meta }) => {
    if (isObject(meta) && meta["refuse"] === true)
      throw new PerdureError("forbidden", `${userId} may not join.`);
    if (isObject(meta) && meta["crash"] === true && room instanceof HookedRoom) room.crash();
    roomJournal.push(`${room.name} join ${userId}`);
  },
  onLeave: (room, { userId }, why) => {
    roomJournal.push(`${room.name} leave ${userId} ${why}`);
  },
}) {
  /** Loses its memory in the midst of what it does. */
  crash(): never {
    this.ctx.abort("a crash that a test asked for");
    throw new Error("It crashed.");
  }

  /** A method of a user's own. */
  async announce(text: string): Promise<string> {
    const members = await this.members();
    return `${text} reached ${await this.emit("announced", text)} sockets of ${members.length}`;
  }
}

/** Rooms that tell nobody who joins and leaves. */
export class PlainRoom extends createRoomHandler({
  name: "PlainRoom",
  connectionBinding: "ROOM_USER",
  presence: false,
}) {}

/** A user's object that does what its sockets say: `{ join, meta? }`, `{ leave }`, `{ say, to }` or `{ crash }`. */
export class RoomUserDO extends BaseDO<Cloudflare.Env> implements ConnectionRpc {
  readonly #rooms = new RoomCalls(this.env, { hooked: "HOOKED_ROOM", plain: "PLAIN_ROOM" });
  readonly #memberships = this.#newMemberships();

  async deliver(
    room: string,
    frames: readonly RoomDelivery[],
  ): Promise<number | readonly number[] | null> {
    return this.#memberships.deliver(room, frames);
  }

  async isIn(room: string): Promise<boolean> {
    return this.#memberships.isIn(room);
  }

  async forget(room: string): Promise<void> {
    this.#memberships.forget(room);
  }

  async send(frame: WireFrame): Promise<number> {
    return this.links.filter((link) => link.send(frame)).length;
  }

  /** Rooms of each socket. */
  async rooms(): Promise<readonly (readonly string[])[]> {
    return this.links.map((link) => this.#memberships.roomsOf(link));
  }

  protected override async serveMessage(link: Link, text: string): Promise<void> {
    const command = JSON.parse(text) as {
      readonly join?: string;
      readonly meta?: object | null;
      readonly leave?: string;
      readonly say?: unknown;
      readonly to?: string;
      readonly crash?: boolean;
    };
    if (command.crash === true) this.ctx.abort("a crash that a test asked for");
    try {
      if (command.join !== undefined)
        await this.#memberships.join(link, command.join, command.meta);
      if (command.leave !== undefined) await this.#memberships.leave(link, command.leave);
      const reached =
        command.to === undefined ? null : await this.#say(link, command.to, command.say);
      link.send(JSON.stringify({ t: "done", reached }));
    } catch (error) {
      const code = error instanceof PerdureError ? error.code : String(error);
      link.send(JSON.stringify({ t: "done", code }));
    }
  }

  protected override async serveDisconnect(link: Link): Promise<void> {
    await this.#memberships.closed(link);
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    await this.#memberships.onTimer(name, payload);
  }

  #say(link: Link, room: string, data: unknown): Promise<number> {
    const frame = encodeConnectionFrame({ t: "event", event: "said", data, room });
    const sender = { userId: this.ctx.id.name ?? "", except: link.attachment.id };
    return this.#rooms.relay(room, frame, sender);
  }

  #newMemberships(): Memberships {
    const links = (): readonly Link[] => this.links;
    const timers = () => this.timers;
    return new Memberships({
      userId: this.ctx.id.name ?? "",
      clock: systemClock,
      rooms: this.#rooms,
      get links() {
        return links();
      },
      get timers() {
        return timers();
      },
      send: (link, frame) => link.send(frame),
    });
  }
}
