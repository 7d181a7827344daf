import type { Schema, Serialized } from "../object/index.ts";
import { BaseDO, namespaceOf, ownNamespace, serialized, systemClock } from "../object/index.ts";
import type { RoomMember } from "../protocol/index.ts";
import { PerdureError, problemOf, ROOM_PRESENCE_LIMIT } from "../protocol/index.ts";
import type { Codec } from "./codec.ts";
import { connectionCodec } from "./codec.ts";
import type { RoomReach } from "./room-fan-out.ts";
import { ROOM_MIGRATIONS } from "./room-members.ts";
import { PRUNE_TIMER } from "./room-pruning.ts";
import { registerRoom } from "./room-registry.ts";
import type { RoomLeaveReason } from "./room.ts";
import { Room } from "./room.ts";
import type { ConnectionRpc, Result, RoomRpc, RoomSender, WireFrame } from "./rpc.ts";

/** What a class of rooms is made with. */
export interface RoomOptions<Env = unknown> {
  /**
   * The binding of the class; default "Room". Connections that do not say `rooms` use the one class whose name is a binding.
   */
  readonly name?: string | undefined;
  /** The binding of the users' objects: the class that `createConnectionHandler` makes. Default: "UserConnection". */
  readonly connectionBinding?: string | undefined;
  /** How the room's own events are written: the codec of the connection. Default: the wire of `ConnectionClient`. */
  readonly codec?: Pick<Codec, "encode"> | undefined;
  /**
   * Called before a user becomes a member, and before a member's metadata changes. What it throws refuses that: `joinRoom` throws
   * it too, with the code where it is a `PerdureError`. Events that it emits go to those who are members already.
   */
  readonly onJoin?: ((room: RoomDO<Env>, member: RoomMember) => void | Promise<void>) | undefined;
  /** Called after a membership has ended. What it throws is written to the log. */
  readonly onLeave?:
    | ((room: RoomDO<Env>, member: RoomMember, why: RoomLeaveReason) => void | Promise<void>)
    | undefined;
  /** Whether members are told who joins and leaves, as `ROOM_EVENTS`; default true. */
  readonly presence?: boolean | undefined;
  /** Most members among whom they are told; default 500. In larger rooms `members()` has the list, in pages. */
  readonly presenceLimit?: number | undefined;
  /** Most members; `joinRoom` throws `room_full` past it. Default and most: 32,768. */
  readonly maxMembers?: number | undefined;
}

/**
 * The object of a room, named by the room. It keeps its members, and sends what it is given to their objects. Methods of a
 * subclass may use `members`, `emit` and `kick`, and so may whoever has a stub.
 */
export class RoomDO<Env = unknown> extends BaseDO<Env> implements RoomRpc {
  protected static override readonly schemas: readonly Schema[] = [
    { owner: "room", migrations: ROOM_MIGRATIONS },
  ];

  #loaded: Room | undefined;

  /** What `createRoomHandler` was given. */
  protected get options(): RoomOptions<Env> {
    throw new PerdureError("broken", "Make the class of rooms with createRoomHandler.");
  }

  /** Name of the room. */
  get name(): string {
    const { name } = this.ctx.id;
    if (name === undefined)
      throw new PerdureError("bad_request", "A room has a name; use getByName.");
    return name;
  }

  /** See `RoomRpc.join`. */
  async join(user: string, meta: object | null): Promise<Serialized<Result<null>>> {
    return attempt(async () => {
      await this.#room.join(user, meta);
      return null;
    });
  }

  /** See `RoomRpc.leave`. */
  async leave(user: string): Promise<void> {
    if (!this.isBlank) await this.#room.leave(user);
  }

  /** See `RoomRpc.relay`. */
  async relay(frame: WireFrame, sender: RoomSender | null): Promise<Serialized<Result<number>>> {
    return attempt(() => (this.isBlank ? 0 : this.#room.relay(frame, sender)));
  }

  /** See `RoomRpc.members`. */
  async members(options?: {
    readonly limit?: number;
    readonly after?: string;
  }): Promise<readonly RoomMember[]> {
    return this.isBlank ? [] : this.#room.page(options);
  }

  /**
   * Sends an event to all members. @returns To how many sockets it went, when all members have answered.
   *
   * @throws A `PerdureError`: `bad_request` for data that cannot travel, `too_large`, or `rate_limited` where too much is under way.
   */
  async emit(event: string, data?: unknown): Promise<number> {
    return this.isBlank ? 0 : this.#room.emit(event, data);
  }

  /**
   * Puts a user out of the room: its sockets stay open, and are told with a `leave` event. A user who is no member has no effect.
   * It may join again, unless `onJoin` refuses.
   *
   * @throws What the platform says where the user's object cannot be reached; then it is a member still.
   */
  async kick(userId: string): Promise<void> {
    if (!this.isBlank) await this.#room.kick(userId);
  }

  /**
   * Does nothing. A call is an event, with which the platform renews how many calls the object may make itself.
   *
   * @internal
   */
  async renew(): Promise<void> {}

  protected override onUpgrade(): void {
    throw new PerdureError("not_found", "A room has no sockets; connect to a user's object.");
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (name === PRUNE_TIMER) await this.#room.prune(payload);
    else await this.onTimer(name, payload);
  }

  /** Loaded on first use: storage of a room that nobody has joined stays unwritten. */
  get #room(): Room {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  #load(): Room {
    const {
      presence = true,
      presenceLimit = ROOM_PRESENCE_LIMIT,
      maxMembers,
      codec = connectionCodec,
      onJoin,
      onLeave,
    } = this.options;
    const { name } = this;
    return new Room({
      name,
      sql: this.sql,
      clock: systemClock,
      timers: this.timers,
      reach: this.#reach(name),
      codec,
      maxMembers,
      presenceLimit: presence ? presenceLimit : 0,
      onJoin: (member) => onJoin?.(this, member),
      onLeave: (member, why) => onLeave?.(this, member, why),
      onFault: (error) => console.error(`perdure: onLeave of ${name} failed`, error),
    });
  }

  #reach(name: string): RoomReach {
    const { connectionBinding = "UserConnection" } = this.options;
    const users = namespaceOf<ConnectionRpc>(this.env, connectionBinding);
    return {
      memberObject: (userId) => users.getByName(userId),
      renew: async () => {
        const own = ownNamespace<Pick<RoomDO, "renew">>(this.env, this.ctx.id);
        await own?.getByName(name).renew();
      },
    };
  }
}

/** A class of rooms to export from the Worker, or to extend: `export const Room = createRoomHandler()`. */
export function createRoomHandler<Env = unknown>(
  options: RoomOptions<Env> = {},
): typeof RoomDO<Env> {
  const { name = "Room" } = options;
  registerRoom(name);
  const handler = class extends RoomDO<Env> {
    protected override get options(): RoomOptions<Env> {
      return options;
    }
  };
  // What errors about its configuration call it.
  Object.defineProperty(handler, "name", { value: name });
  return handler;
}

/** The value of some work, or the problem that it threw. */
async function attempt<T>(work: () => T | Promise<T>): Promise<Serialized<Result<T>>> {
  try {
    return serialized<Result<T>>({ ok: true, value: await work() });
  } catch (error) {
    return serialized<Result<T>>({ ok: false, error: problemOf(error) });
  }
}
