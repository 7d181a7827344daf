/** Which binding a room belongs to, by its name. */

import { isObject, MAX_ID_LENGTH, PerdureError } from "../protocol/index.ts";
import { checkName } from "./names.ts";

/** A binding of Durable Objects, as far as it is needed here. */
export interface Namespace<Stub> {
  getByName(name: string): Stub;
}

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

/** The binding of this name. Throws `broken` with the lines to add where there is none. */
export function namespaceOf<Stub>(env: unknown, binding: string): Namespace<Stub> {
  const namespace = own(env, binding);
  if (isNamespace(namespace)) return namespace as unknown as Namespace<Stub>;
  throw new PerdureError("broken", missingBinding(binding));
}

/** The binding of the class that an object is of: the one in which the object's name has the object's id. */
export function ownNamespace<Stub>(
  env: unknown,
  id: { readonly name?: string },
): Namespace<Stub> | undefined {
  const { name } = id;
  if (name === undefined || !isObject(env)) return undefined;
  return Object.values(env)
    .filter(isPlatformNamespace<Stub>)
    .find((namespace) => namespace.idFromName(name).equals(id));
}

/** What to do about a binding that is not there. */
export function missingBinding(binding: string): string {
  return (
    `The binding ${binding} is missing: add { "name": "${binding}", "class_name": "${binding}" } to durable_objects.bindings ` +
    `and { "tag": "${binding}", "new_sqlite_classes": ["${binding}"] } to migrations in wrangler.jsonc, and export the class ` +
    `${binding} from the Worker's main module.`
  );
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

function isNamespace(value: unknown): boolean {
  return isObject(value) && typeof value["getByName"] === "function";
}

/** A service answers to any name of a method, so only the platform's tag tells bindings apart. */
function isPlatformNamespace<Stub>(value: unknown): value is Namespace<Stub> & {
  idFromName(name: string): { equals(id: object): boolean };
} {
  return Object.prototype.toString.call(value) === "[object DurableObjectNamespace]";
}
