/** A room, as a client sees it: who is there, and what is said there. */

import type { RoomMember, ServerEventFrame } from "../protocol/index.ts";
import { isObject, ROOM_EVENTS } from "../protocol/index.ts";
import type { ConnectionClient } from "./connection-client.ts";
import type { ConnectionState, EventListener, ReceivedEvent } from "./connection-client-options.ts";
import type { Contract } from "../protocol/index.ts";

/** One room of a client. It holds nothing of its own: `client.room(name)` may be called as often as one likes. */
export class ConnectionRoom<C extends Contract | undefined = undefined> {
  /** The room's name. */
  readonly name: string;
  readonly #client: ConnectionClient<C>;

  /** Use `client.room(name)`. */
  constructor(client: ConnectionClient<C>, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Who is in the room, in the order of their joining, as last heard; a new list whenever it changes. May be passed on unbound. */
  readonly getMembers = (): readonly RoomMember[] =>
    membersOf(this.#client.getState().rooms, this.name);

  /** Calls back after every change of the members. May be passed on unbound. @returns A function that ends this. */
  readonly subscribe = (listener: () => void): (() => void) => {
    let members = this.getMembers();
    return this.#client.subscribe(() => {
      if (members === this.getMembers()) return;
      members = this.getMembers();
      listener();
    });
  };

  /** Listens to an event where it was sent to this room. @returns A function that ends this. */
  on<Event extends ReceivedEvent<C>>(event: Event, listener: EventListener<C, Event>): () => void {
    return this.#client.on(event, (data, origin) => {
      if (origin.room === this.name) listener(data, origin);
    });
  }
}

type Rooms = ConnectionState["rooms"];

const NOBODY: readonly RoomMember[] = [];

function membersOf(rooms: Rooms, room: string): readonly RoomMember[] {
  return Object.hasOwn(rooms, room) ? (rooms[room] ?? NOBODY) : NOBODY;
}

/** The rooms after an event; the same ones where it changes no members. */
export function roomsAfter(rooms: Rooms, { event, room, data }: ServerEventFrame): Rooms {
  if (room === undefined || !isObject(data)) return rooms;
  const others = membersOf(rooms, room).filter(({ userId }) => userId !== data["userId"]);
  switch (event) {
    case ROOM_EVENTS.members:
      return { ...rooms, [room]: data["members"] as readonly RoomMember[] };
    case ROOM_EVENTS.join:
      return { ...rooms, [room]: [...others, data as unknown as RoomMember] };
    case ROOM_EVENTS.leave:
      return { ...rooms, [room]: others };
    default:
      return rooms;
  }
}
