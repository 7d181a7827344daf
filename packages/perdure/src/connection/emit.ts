/** Where events go. */

import type { Link } from "../object/index.ts";
import type { Contract, ErrorCode, ServerEventFrame } from "../protocol/index.ts";
import { checkEvent, MAX_EVENT_NAME_LENGTH } from "../protocol/index.ts";
import type { Codec } from "./codec.ts";
import { encodeEvent } from "./codec.ts";
import type {
  ConnectionEmit,
  Emitter,
  EmitTarget,
  ServerEventData,
  ServerEventName,
  ToRoomOptions,
} from "./context.ts";
import { checkName } from "./names.ts";
import type { Emission, Outbox } from "./outbox.ts";
import type { RoomCalls } from "./room-calls.ts";
import type { WireFrame } from "./rpc.ts";
import type { Sockets } from "./sockets.ts";
import { rawOf } from "./state/index.ts";
import type { UserCalls } from "./user-calls.ts";

/** Throws where an event cannot have this name. */
export function checkEventName(name: unknown, code?: ErrorCode): asserts name is string {
  checkName("The name of an event", name, MAX_EVENT_NAME_LENGTH, code);
}

/** What events of a user's object go through. */
export interface EmitHost {
  readonly userId: string;
  readonly sockets: Sockets;
  readonly rooms: RoomCalls;
  readonly users: UserCalls;
  readonly codec: Codec;
  readonly contract: Contract | undefined;
}

type Send = (frame: WireFrame) => number | Promise<number>;

/** Sends events through an outbox. */
export class ContextEmit<C> implements ConnectionEmit<C> {
  readonly #host: EmitHost;
  readonly #outbox: Outbox;
  readonly #self: Link | null;

  /** @param self The socket that its handler runs for; null: none. */
  constructor(host: EmitHost, outbox: Outbox, self: Link | null) {
    this.#host = host;
    this.#outbox = outbox;
    this.#self = self;
  }

  emit<Event extends ServerEventName<C>>(event: Event, data?: ServerEventData<C, Event>): Emission {
    const self = this.#self;
    if (self === null) return this.toUser(this.#host.userId).emit(event, data);
    return this.#to((frame) => Number(this.#host.sockets.send(self, frame))).emit(event, data);
  }

  toRoom(room: string, { includeSelf }: ToRoomOptions = {}): Emitter<C> {
    const { rooms, sockets, userId } = this.#host;
    const self = this.#self?.attachment.id;
    if (!rooms.isBound(room)) {
      const isMeant = (link: Link) => includeSelf !== false || link.attachment.id !== self;
      return this.#to((frame) => sockets.broadcast(frame, isMeant), room);
    }
    const except = includeSelf === true ? undefined : self;
    return this.#to((frame) => rooms.relay(room, frame, { userId, except }), room);
  }

  toUser(userId: string): Emitter<C> {
    const { sockets, users } = this.#host;
    return this.#to((frame) =>
      userId === this.#host.userId ? sockets.broadcast(frame) : users.send(userId, frame),
    );
  }

  to(target: EmitTarget): Emitter<C> {
    if (typeof target === "string") return this.#toChannel(target);
    if ("room" in target) return this.toRoom(target.room);
    if ("user" in target) return this.toUser(target.user);
    return this.#to((frame) =>
      this.#host.sockets.broadcast(frame, (link) => link.attachment.id === target.socket),
    );
  }

  #toChannel(channel: string): Emitter<C> {
    const { sockets } = this.#host;
    const isIn = (link: Link) => channelsOf(link).includes(channel);
    return sockets.open.some(isIn)
      ? this.#to((frame) => sockets.broadcast(frame, isIn))
      : this.toUser(channel);
  }

  #to(send: Send, room?: string): Emitter<C> {
    return {
      emit: (event, data) => {
        const frame = this.#encode({
          t: "event",
          event,
          // Bytes of the state are tracked by a proxy, which no platform takes for bytes.
          ...(data === undefined ? {} : { data: rawOf(data) }),
          ...(room === undefined ? {} : { room }),
        });
        return this.#outbox.add(() => send(frame));
      },
    };
  }

  #encode(event: ServerEventFrame): WireFrame {
    checkEventName(event.event);
    const { codec, contract } = this.#host;
    if (contract !== undefined) checkEvent(contract.serverEvents, event.event, event.data);
    return encodeEvent(codec, event);
  }
}

function channelsOf({ attachment }: Link): readonly unknown[] {
  const { channels } = (attachment.meta ?? {}) as { readonly channels?: unknown };
  return Array.isArray(channels) ? (channels as unknown[]) : [];
}
