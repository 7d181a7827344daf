/** How the object of a user calls the objects of its rooms. */

import type { Namespace } from "../object/index.ts";
import { callObject, missingBinding, namespaceOf } from "../object/index.ts";
import type { Problem } from "../protocol/index.ts";
import { errorOf, PerdureError } from "../protocol/index.ts";
import { bindingOfRoom } from "./room-binding.ts";
import { registeredRooms } from "./room-registry.ts";
import type { RoomRpc, RoomSender, WireFrame } from "./rpc.ts";

/** A stub that is in use: events that one object sends to one room arrive in order only over the same stub. */
interface Calling {
  readonly stub: RoomRpc;
  calls: number;
}

/** The rooms of a connection. */
export class RoomCalls {
  readonly #env: unknown;
  readonly #rooms: Readonly<Record<string, string>> | undefined;
  readonly #calling = new Map<string, Calling>();

  /**
   * @param env The bindings.
   * @param rooms The definition's `rooms`.
   */
  constructor(env: unknown, rooms: Readonly<Record<string, string>> | undefined) {
    this.#env = env;
    this.#rooms = rooms;
  }

  /** Whether a room class holds this room; where none does, the room is all sockets of the object. Throws as `bindingOfRoom`. */
  isBound(room: string): boolean {
    return this.#bindingOf(room) !== undefined;
  }

  /** See `RoomRpc.join`; what the room refuses with is thrown. It is repeated where the platform says that this may help. */
  async join(room: string, user: string, meta: object | null): Promise<void> {
    const namespace = this.#namespaceOf(room);
    valueOf(await callObject(namespace, room, (stub) => stub.join(user, meta)));
  }

  /** See `RoomRpc.leave`. It is repeated where the platform says that this may help. */
  async leave(room: string, user: string): Promise<void> {
    await callObject(this.#namespaceOf(room), room, (stub) => stub.leave(user));
  }

  /** See `RoomRpc.relay`; sent once, because a call that fails may have had its effect. */
  async relay(room: string, frame: WireFrame, sender: RoomSender): Promise<number> {
    const calling = this.#callingOf(room);
    calling.calls += 1;
    try {
      return valueOf(await calling.stub.relay(frame, sender));
    } catch (error) {
      // A stub that has failed may be of no more use.
      if (!(error instanceof PerdureError)) this.#drop(room, calling);
      throw error;
    } finally {
      calling.calls -= 1;
      if (calling.calls === 0) this.#drop(room, calling);
    }
  }

  #callingOf(room: string): Calling {
    const known = this.#calling.get(room);
    if (known !== undefined) return known;
    const made = { stub: this.#namespaceOf(room).getByName(room), calls: 0 };
    this.#calling.set(room, made);
    return made;
  }

  #drop(room: string, calling: Calling): void {
    if (this.#calling.get(room) === calling) this.#calling.delete(room);
  }

  #namespaceOf(room: string): Namespace<RoomRpc> {
    const binding = this.#bindingOf(room);
    if (binding !== undefined) return namespaceOf<RoomRpc>(this.#env, binding);
    const [made] = registeredRooms();
    throw new PerdureError(
      "broken",
      made === undefined
        ? "This Worker has no class of rooms; export and bind one of createRoomHandler."
        : missingBinding(made),
    );
  }

  #bindingOf(room: string): string | undefined {
    return bindingOfRoom(room, {
      env: this.#env,
      rooms: this.#rooms,
      registered: registeredRooms(),
    });
  }
}

function valueOf<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: Pick<Problem, "code" | "detail"> & { extra?: object } },
): T {
  if (!result.ok) throw errorOf(result.error as Problem);
  return result.value;
}
