/** The room classes of this Worker. A module's state, as the classes are: it is the same in every object of an isolate. */

const names = new Set<string>();

/** Remembers a room class by the name of its binding. */
export function registerRoom(binding: string): void {
  names.add(binding);
}

/** The bindings of all room classes, in the order in which they were made. */
export function registeredRooms(): readonly string[] {
  return [...names];
}
