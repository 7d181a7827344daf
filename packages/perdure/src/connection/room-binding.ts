/** Which binding a room belongs to, by its name. */

import { isNamespace } from "../object/index.ts";
import { MAX_ID_LENGTH, PerdureError } from "../protocol/index.ts";
import { checkName } from "./names.ts";

/** Where rooms are looked for. */
export interface RoomPlaces {
  readonly env: unknown;
  /** Bindings by the name of a room, or by the part of the name before the first ":". */
  readonly rooms?: Readonly<Record<string, string>> | undefined;
  /** Bindings of the room classes that this Worker has. */
  readonly registered: readonly string[];
}

/**
 * The binding of a room: what `rooms` has under its exact name, else under the part before the first ":", else the one room
 * class whose name is a binding. Undefined where there is no such class.
 *
 * @throws A `PerdureError`: `bad_request` for a name that is none, or where several classes could be meant.
 */
export function bindingOfRoom(
  room: string,
  { env, rooms, registered }: RoomPlaces,
): string | undefined {
  checkRoomName(room);
  const named = own(rooms, room) ?? own(rooms, room.split(":", 1).join());
  if (named !== undefined) return named;
  const bound = registered.filter((name) => isNamespace(own(env, name)));
  if (bound.length > 1)
    throw new PerdureError(
      "bad_request",
      `The room's class could be ${bound.join(" or ")}; say which under \`rooms\`.`,
    );
  return bound[0];
}

/** Throws `bad_request` where a room cannot have this name. */
export function checkRoomName(room: unknown): asserts room is string {
  checkName("The name of a room", room, MAX_ID_LENGTH);
}

function own(value: unknown, key: string): undefined;
function own<T>(value: Readonly<Record<string, T>> | undefined, key: string): T | undefined;
function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}
