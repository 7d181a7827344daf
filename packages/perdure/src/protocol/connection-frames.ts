/**
 * The wire of connections: what travels between a `ConnectionClient` and the object of its user. A payload has a field of its
 * own and is never spread over the frame.
 */

import type { Problem } from "./errors.ts";

/** From a client. */
export type ConnectionClientFrame = ConnectionHello | ClientEventFrame;

/** Says who speaks. Needed only by a client that numbers its events or wants to be told what it missed. */
export interface ConnectionHello {
  readonly t: "hello";
  /** Version of the wire. */
  readonly v: number;
  /** Names the client over all its connections: events are numbered for each. */
  readonly client: string;
  /** The connection before this one: its id, and how many `event` frames arrived on it. */
  readonly resume?: { readonly socket: string; readonly received: number } | undefined;
}

/** An event for the object. */
export interface ClientEventFrame {
  readonly t: "event";
  readonly event: string;
  /** Anything that JSON can carry, or, in a binary frame, bytes; missing: undefined. */
  readonly data?: unknown;
  /**
   * Counts the client's events from 1, so that one that is sent again has one effect. Missing: it is handled as it comes. The first
   * after a hello may leave a gap. Another that is more than one above the last that was handled, or is about to be, shows that
   * the object has lost some with its memory: the connection is closed with `goingAway`, and all without an answer comes again.
   */
  readonly n?: number | undefined;
}

/** From the object. Only `event` frames count for `resume`. */
export type ConnectionServerFrame =
  | ConnectionWelcome
  | ServerEventFrame
  | {
      readonly t: "ack";
      /** The event with this number was handled, and what it changed is durable. */
      readonly n: number;
      /** Why it was not: its handler threw, it has no handler, or its data is wrong. */
      readonly error?: Problem | undefined;
    }
  | { readonly t: "error"; readonly i: string; readonly error: Problem };

/** Answers a hello. */
export interface ConnectionWelcome {
  readonly t: "welcome";
  readonly v: number;
  /** Incarnation: new whenever the object's memory is. */
  readonly i: string;
  /** This connection, for a later `resume`. */
  readonly socket: string;
  /** Whether all that was sent on the connection of `resume`, and since, has arrived or follows. Without `resume`: true. */
  readonly recovered: boolean;
  /**
   * How many `event` frames that follow at once are from before this connection, 0 where missing. They are the older ones: a
   * client hands them out ahead of those that reached it before this frame. None of them was also sent on this connection.
   */
  readonly missed?: number | undefined;
  /** Number of this client's last event that was handled; 0 where none was. */
  readonly last: number;
}

/** An event for the client. */
export interface ServerEventFrame {
  readonly t: "event";
  readonly event: string;
  readonly data?: unknown;
  /** The room that it was sent to, if it was to one. */
  readonly room?: string | undefined;
}

/** Somebody in a room. */
export interface RoomMember {
  readonly userId: string;
  /** What the member joined with, as JSON; null where it gave nothing. */
  readonly meta: object | null;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
}

/** Events that the library itself sends to the members of a room, as `event` frames with `room`. */
export const ROOM_EVENTS = {
  /**
   * To whoever joins: `{ members: RoomMember[] | null }`, itself among them. Null: there are more than are told about, and no
   * `join` or `leave` follows; all get this once when a room grows past its limit, and the list again when it has shrunk.
   */
  members: "perdure:members",
  /** To all others: the `RoomMember` who has joined, or who joined again with other metadata. */
  join: "perdure:join",
  /** To all others, and to a member who was put out: `{ userId }` of the member who has left. */
  leave: "perdure:leave",
} as const;
