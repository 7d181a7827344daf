/** What a client of a connection is given, and what it shows. */

import type {
  ClientEvents,
  Contract,
  Problem,
  ROOM_EVENTS,
  RoomMember,
  ServerEvents,
} from "../protocol/index.ts";
import type { LinkState } from "./client-state.ts";
import type { QueuedEvent } from "./connection-queue.ts";
import type { WebSocketConstructor } from "./dialer.ts";
import type { TokenSource } from "./link.ts";

/** Where to connect, and how. */
export interface ConnectionClientOptions<C extends Contract | undefined = undefined> {
  /**
   * Address of the connection, such as `wss://example.com/ws`; `http` and `https` mean `ws` and `wss`. Who connects is shown by a cookie or
   * `token`, never by the address. Default: `path` at the page's origin.
   */
  readonly url?: string;
  /** Path of the connection at `url`, whose own is then not used. Default, where there is no `url`: `/ws`. */
  readonly path?: string;
  /** A bearer token, or a function that is asked for one before each connection; it travels as a subprotocol. Default: the page's cookies. */
  readonly token?: TokenSource;
  /** What both ends send each other: types the client, and data is checked by it. */
  readonly contract?: C;
  /** Default: the global `WebSocket`. Node 20 has none: pass the one of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** Most events that may wait for an answer. Default: 1,000. */
  readonly queueLimit?: number;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** From 0 up to 1, for the jitter of reconnects. Default: `Math.random`. */
  readonly random?: () => number;
  /**
   * Names this client to the object, over all its connections: 1 to 128 printable ASCII characters. No two clients may have the same at
   * one time. Default: a new one.
   */
  readonly clientId?: string;
}

/** What a page draws, as one immutable value. Parts that did not change are the same objects as before. */
export interface ConnectionState {
  /** As of a session's client; `catching-up` until all that was missed is here. */
  readonly link: LinkState;
  /** Why the server closed the link for good. */
  readonly problem: Problem | undefined;
  /** How often events were lost for good: see `onMissed`. */
  readonly missed: number;
  /** Events without an answer, oldest first: a page shows these as pending. */
  readonly queue: readonly QueuedEvent[];
  /** Who is in each room, as last heard: it says nothing of now unless `link` is `live`. */
  readonly rooms: Readonly<Record<string, readonly RoomMember[]>>;
}

/** How an event is sent. */
export interface EmitOptions {
  /**
   * Whether the event is of use only now, such as the place of a pointer: it is sent at most once, has no answer, is not kept while
   * there is no connection, and not sent where too many frames leave already. Default: false.
   */
  readonly volatile?: boolean;
}

/** Whence an event came. */
export interface EventOrigin {
  /** Its name. */
  readonly event: string;
  /** The room that it was sent to, if it was to one. */
  readonly room: string | undefined;
}

/** The data of the events that the library itself sends to members of a room. */
export interface RoomEventData {
  /** To whoever joins: all members, itself among them. */
  readonly [ROOM_EVENTS.members]: { readonly members: readonly RoomMember[] };
  /** To the others: who has joined, or joined again with other metadata. */
  readonly [ROOM_EVENTS.join]: RoomMember;
  /** To the others: who has left. */
  readonly [ROOM_EVENTS.leave]: { readonly userId: string };
}

/** Names of the events that a client gets: those of the contract and of rooms. Without a contract: any. */
export type ReceivedEvent<C> =
  | keyof RoomEventData
  | (C extends Contract ? keyof C["serverEvents"] & string : string & {});

/** The data of such an event, as its schema makes it. Without a contract it is whatever came. */
export type ReceivedData<C, Event> = Event extends keyof RoomEventData
  ? RoomEventData[Event]
  : C extends Contract
    ? Event extends keyof ServerEvents<C>
      ? ServerEvents<C>[Event]["received"]
      : never
    : // oxlint-disable-next-line typescript/no-explicit-any -- whoever names no contract says at the listener what the data is
      any;

/** Gets the data of an event. */
export type EventListener<C, Event> = (data: ReceivedData<C, Event>, origin: EventOrigin) => void;

/** Names of the events that a client sends: those of the contract. Without one: any. */
export type SentEvent<C> = C extends Contract ? keyof C["clientEvents"] & string : string;

/** What follows the name of an event in `emit`: its data, which may be left out where it may be undefined, and options. */
export type EmitArguments<C, Event> =
  undefined extends SentData<C, Event>
    ? [data?: SentData<C, Event>, options?: EmitOptions]
    : [data: SentData<C, Event>, options?: EmitOptions];

/** The data of an event that a client sends, as its schema takes it. */
export type SentData<C, Event> = C extends Contract
  ? Event extends keyof ClientEvents<C>
    ? ClientEvents<C>[Event]["sent"]
    : never
  : unknown;
