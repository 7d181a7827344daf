import { setOwn } from "./clone-value.ts";
import { isDense, knownObject } from "./value-kind.ts";

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
    case "map": {
      const { value: map } = known;
      const entries = [...map];
      return () => {
        map.clear();
        for (const [key, value] of entries) map.set(key, value);
      };
    }
    case "set": {
      const { value: set } = known;
      const items = [...set];
      return () => {
        set.clear();
        for (const item of items) set.add(item);
      };
    }
    case "date": {
      const { value: date } = known;
      const time = date.getTime();
      return () => void date.setTime(time);
    }
    case "buffer": {
      const { value: buffer } = known;
      const bytes = new Uint8Array(buffer.slice(0));
      return () => {
        if (buffer.byteLength !== bytes.length) buffer.resize(bytes.length);
        new Uint8Array(buffer).set(bytes);
      };
    }
    default:
      return copyProperties(container, Reflect.ownKeys(container));
  }
}

/** Puts back all of them, so that they are in their order again. */
function copyProperties(object: object, keys: readonly PropertyKey[]): () => void {
  const values = keys.map((key): unknown => Reflect.get(object, key));
  return () => {
    for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key);
    for (const [index, key] of keys.entries()) setOwn(object, key, values[index]);
  };
}

function copyArray(array: unknown[]): () => void {
  const { length } = array;
  const keys = Object.keys(array);
  const isItems = isDense(array, keys);
  const items = isItems ? array.slice() : [];
  const putBack = copyProperties(array, isItems ? [] : keys);
  return () => {
    array.length = 0;
    putBack();
    // By appending: an array that gets its length first has holes to the platform for good.
    for (const item of items) array.push(item);
    array.length = length;
  };
}
