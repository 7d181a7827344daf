import type { ConnectionMeta, RoomDO } from "../../src/connection/index.ts";
import {
  createConnectionHandler,
  createRoomHandler,
  defineConnection,
} from "../../src/connection/index.ts";
import { isObject, PerdureError } from "../../src/protocol/index.ts";

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
}) {
  /** One room is not to be reached. */
  override async relay(...event: Parameters<RoomDO["relay"]>): ReturnType<RoomDO["relay"]> {
    if (this.ctx.id.name === "plain:unreachable") throw new Error("a secret of the room's");
    return super.relay(...event);
  }
}

interface RoomCommand {
  readonly room: string;
  readonly meta?: object | null;
  readonly data?: unknown;
}

/** Connections that do what their sockets say, and tell them what came of it. */
const roomUser = defineConnection<ConnectionMeta, Cloudflare.Env>({
  name: "RoomUserDO",
  connectionBinding: "ROOM_USER",
  rooms: { hooked: "HOOKED_ROOM", plain: "PLAIN_ROOM", missing: "MISSING_ROOM" },
  onError(error) {
    roomJournal.push(`error ${error instanceof PerdureError ? error.code : String(error)}`);
  },
})
  .on<RoomCommand>("join", async ({ actor, emit }, { room, meta }) => {
    try {
      await actor.joinRoom(room, meta);
      emit.emit("done", { rooms: actor.getRooms() });
    } catch (error) {
      emit.emit("done", {
        code: error instanceof PerdureError ? error.code : null,
        message: error instanceof Error ? error.message : "",
      });
    }
  })
  .on<RoomCommand>("leave", async ({ actor, emit }, { room }) => {
    await actor.leaveRoom(room);
    emit.emit("done", { rooms: actor.getRooms() });
  })
  .on<RoomCommand>("say", async ({ emit }, { room, data }) => {
    emit.emit("done", { reached: await emit.toRoom(room).emit("said", data) });
  })
  .on<RoomCommand>("sayInPassing", ({ emit }, { room, data }) => {
    emit.toRoom(room).emit("said", data);
  });

/** The object of a user. */
export class RoomUserDO extends createConnectionHandler(roomUser) {
  /** Rooms of all sockets. */
  async rooms(): Promise<readonly string[]> {
    return this.actor.getRooms();
  }

  /** Loses its memory; the platform closes its sockets. */
  async crash(): Promise<void> {
    this.ctx.abort("a crash that a test asked for");
  }
}
