import { setOwn } from "./clone-value.ts";
import { knownObject } from "./value-kind.ts";

/**
 * Copies what a container holds itself, not what that holds in turn.
 *
 * @returns Puts it back, exactly as it was, into the very container.
 */
export function copyContainer(container: object): () => void {
  const known = knownObject(container);
  switch (known?.kind) {
    case "array":
      return copyArray(known.value);
    case "map":
      return copyMap(known.value);
    case "set":
      return copySet(known.value);
    case "date": {
      const { value: date } = known;
      const time = date.getTime();
      return () => void date.setTime(time);
    }
    case "buffer":
      return copyBuffer(known.value);
    default:
      return copyProperties(container);
  }
}

function copyProperties(object: object): () => void {
  const entries = Reflect.ownKeys(object).map((key) => [key, Reflect.get(object, key)] as const);
  return () => {
    // All of them, so that they are in their order again.
    for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key);
    for (const [key, value] of entries) setOwn(object, key, value);
  };
}

function copyArray(array: unknown[]): () => void {
  const { length } = array;
  const keys = Object.keys(array);
  const isDense = keys.length === length && keys.at(-1) === String(length - 1);
  const items = isDense ? array.slice() : [];
  const entries = isDense ? [] : keys.map((key) => [key, Reflect.get(array, key)] as const);
  return () => {
    array.length = 0;
    for (const key of Object.keys(array)) Reflect.deleteProperty(array, key);
    // By appending: an array that gets its length first has holes to the platform for good.
    for (const item of items) array.push(item);
    array.length = length;
    for (const [key, value] of entries) setOwn(array, key, value);
  };
}

function copyMap(map: Map<unknown, unknown>): () => void {
  const entries = [...map];
  return () => {
    map.clear();
    for (const [key, value] of entries) map.set(key, value);
  };
}

function copySet(set: Set<unknown>): () => void {
  const items = [...set];
  return () => {
    set.clear();
    for (const item of items) set.add(item);
  };
}

function copyBuffer(buffer: ArrayBuffer): () => void {
  const bytes = new Uint8Array(buffer.slice(0));
  return () => {
    if (buffer.byteLength !== bytes.length) buffer.resize(bytes.length);
    new Uint8Array(buffer).set(bytes);
  };
}
