/** What handlers of a connection get. */

import type { Contract, ServerEvents } from "../protocol/index.ts";
import type { Emission } from "./outbox.ts";

/** What every socket of a connection has with it. */
export interface ConnectionMeta {
  /** Whose connection it is: 1 to 256 UTF-16 units; the name of the object, and nothing else. */
  userId: string;
  /** Names the client: a tab, a device. */
  clientId: string;
  /** Channels that `ctx.emit.to(channel)` reaches this socket by. */
  channels: string[];
}

/** Names of the events that an object may send: those of the contract, or any. */
export type ServerEventName<C> = C extends Contract ? keyof C["serverEvents"] & string : string;

/** The data of such an event. */
export type ServerEventData<C, Event> = C extends Contract
  ? Event extends keyof ServerEvents<C>
    ? ServerEvents<C>[Event]["sent"]
    : never
  : unknown;

/** Sends events to one target. */
export interface Emitter<C = undefined> {
  /**
   * Sends an event. Without `await` it leaves after the handler, once its state is stored, and not at all if the handler throws; with
   * `await` at once, with all before it. Inside a transaction it waits for the commit.
   *
   * @param event 1 to 128 UTF-16 units.
   * @param data What JSON carries; or bytes, an `ArrayBuffer` or a view, by themselves.
   * @returns To how many sockets it went. Awaited, it rejects with a `PerdureError` where the target cannot be reached.
   * @throws PerdureError `bad_request` at once for data that would arrive as something else.
   */
  emit<Event extends ServerEventName<C>>(event: Event, data?: ServerEventData<C, Event>): Emission;
}

/** A target of `ctx.emit.to`. */
export type EmitTarget =
  /** A channel that sockets of this user have in `meta.channels`; where none has, a user's id. */
  | string
  /** One socket of this user. */
  | { readonly socket: string }
  /** All sockets of a user. */
  | { readonly user: string }
  /** A room. */
  | { readonly room: string };

/** How a room is sent to. */
export interface ToRoomOptions {
  /**
   * Whether the sender's own socket gets it, too. Default: false in a room. Where there are no rooms, and all sockets of this user get
   * it: true.
   */
  readonly includeSelf?: boolean | undefined;
}

/** Sends events to this socket, rooms, users and channels. */
export interface ConnectionEmit<C = undefined> extends Emitter<C> {
  /** All members of a room; where the app has no rooms, all sockets of this user. */
  toRoom(room: string, options?: ToRoomOptions): Emitter<C>;
  /** All sockets of a user, this or another. */
  toUser(userId: string): Emitter<C>;
  /** Whatever the target names. */
  to(target: EmitTarget): Emitter<C>;
}

/** An open socket, as its user's object sees it. */
export interface ConnectionSocket<Meta extends ConnectionMeta = ConnectionMeta> {
  /** Assigned by the object. */
  readonly id: string;
  /** What is kept with it; changes are kept, too. */
  readonly meta: Meta;
  /** Closes it. `code` is 1000, the default, or 3000 to 4999; a reason has at most 123 bytes. Other sockets stay open. */
  close(code?: number, reason?: string): void;
}

/** The object of a user, beyond any one socket. */
export interface ConnectionActor<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C = undefined,
> {
  /** The id of the object; its name is the user's id. */
  readonly id: DurableObjectId;
  readonly env: Env;
  /** The state of the user, shared by all sockets. */
  readonly state: State;
  /** Sends events. Its own `emit` reaches this handler's socket or, where there is none, all sockets of the user. */
  readonly emit: ConnectionEmit<C>;
  /** All open sockets of the user, in the order in which they were accepted. */
  readonly sockets: readonly ConnectionSocket<Meta>[];
  /**
   * The platform's own storage: `get`, `put`, `list`, `delete`, `transaction`, `sql`. Only `transaction` and `transactionSync` do more:
   * what is emitted inside waits for the commit.
   */
  getStorage(): DurableObjectStorage;
  /**
   * Puts this handler's socket, or, where there is none, every open one, into a room.
   *
   * @param meta What other members see, as JSON.
   */
  joinRoom(room: string, meta?: object | null): Promise<void>;
  /** Takes this handler's socket, or, where there is none, every one, out of a room. */
  leaveRoom(room: string): Promise<void>;
  /** The rooms that this handler's socket, or, where there is none, any socket, is in. */
  getRooms(): readonly string[];
}

/** What a handler gets. */
export interface ConnectionContext<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C = undefined,
> {
  /** The state of the user. What is written is stored when the handler ends, and undone where it throws. */
  readonly state: State;
  /** What is kept with the socket. Writes are kept at once, and undone where the handler throws; `userId` cannot be changed. */
  readonly meta: Meta;
  /** The object: its storage, its sockets, its rooms. */
  readonly actor: ConnectionActor<Meta, Env, State, C>;
  /** Sends events. */
  readonly emit: ConnectionEmit<C>;
  /** The socket that the handler runs for. */
  readonly socket: Omit<ConnectionSocket<Meta>, "meta">;
  readonly env: Env;
  /**
   * Stores the state now. What was written before is not undone any more where the handler throws.
   *
   * @throws What storage refused it with; nothing is stored then.
   */
  flush(): Promise<void>;
}
