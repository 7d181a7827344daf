/** What rooms and the objects of users call of each other. */

import type { Serialized } from "../object/index.ts";
import type { Problem, RoomMember } from "../protocol/index.ts";

/** A frame as it leaves on a socket: encoded once, by whoever emits it. */
export type WireFrame = string | Uint8Array;

/** Who emits to a room; its socket does not get what it sent, unless it asked for that. */
export interface RoomSender {
  readonly userId: string;
  /** The socket that is left out; undefined: none. */
  readonly except?: string | undefined;
}

/** A value, or the problem that stood in its way: an error's code does not survive a call between objects. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Problem };

/** The object of a room, as objects of users call it. Its name is the room's. */
export interface RoomRpc {
  /**
   * Makes a user a member, or replaces the metadata of one who is; the room's `onJoin` may refuse by throwing.
   *
   * @param user Name of the user's object.
   * @param meta JSON.
   */
  join(user: string, meta: object | null): Promise<Serialized<Result<null>>>;
  /** Ends a membership; a user who is no member has no effect. */
  leave(user: string): Promise<void>;
  /** Sends an encoded event to all members. @returns To how many sockets it went. */
  relay(frame: WireFrame, sender: RoomSender | null): Promise<Serialized<Result<number>>>;
  /** The members in the order of their ids, at most `limit` (default and most: 1,000) after `after`, a `userId`. */
  members(options?: {
    readonly limit?: number;
    readonly after?: string;
  }): Promise<readonly RoomMember[]>;
}

/** Frames of one room for the sockets of a user, in order. */
export interface RoomDelivery {
  readonly frame: WireFrame;
  /** A socket that does not get it. */
  readonly except?: string | undefined;
}

/** The object of a user, as rooms and other users' objects call it. Its name is the user's id. */
export interface ConnectionRpc {
  /**
   * Sends frames of a room to those sockets that have joined it. @returns For each frame to how many it went; one number where that
   * is the same for all, because a list costs the call a tenth of its time; null where no open socket is in the room: the
   * membership is over.
   */
  deliver(
    room: string,
    frames: readonly RoomDelivery[],
  ): Promise<number | readonly number[] | null>;
  /** Whether an open socket is in the room. */
  isIn(room: string): Promise<boolean>;
  /** The room has ended the membership: takes all sockets out of it, and tells the room nothing. */
  forget(room: string): Promise<void>;
  /** Sends an encoded event to all sockets of the user. @returns To how many. */
  send(frame: WireFrame): Promise<number>;
}
