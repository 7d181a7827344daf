import { isObject } from "./clone-value.ts";
import { isDense, knownObject } from "./value-kind.ts";

/** The format's mark and its version. */
const HEADER_BYTES = 2;

/** A tag and a number of 32 bits, as a reference to an object and most counts are written. */
const TAGGED_COUNT_BYTES = 6;

/**
 * Any number: a tag and a double. Whether a whole number takes less depends on what else was once in objects of the same shape,
 * so it is not counted on.
 */
const NUMBER_BYTES = 9;

/** Elements whose index takes a tag and two bytes; others take three, and where those do not suffice all is too much anyway. */
const SHORT_INDICES = 8_192;

/** Whole words of 64 bits are written of a large integer. */
const WORD_BYTES = 8;

/** What an object takes besides its properties: two tags and how many they are. */
const OBJECT_BYTES = 2 + TAGGED_COUNT_BYTES;

/** What any other takes at most, besides what is in it: three tags, each with a number. */
const CONTAINER_BYTES = 3 * TAGGED_COUNT_BYTES;

/** What an error takes besides its texts and properties: tags, its class and their names. */
const ERROR_BYTES = 64;

const WIDE = /[^\0-\xff]/;

/**
 * The most bytes that the platform may need to store a value: what V8's serializer writes, however the value came about (an
 * array is written longer once it has been read back). Strings and bytes dominate what is large, and are counted exactly.
 *
 * @param value Of kinds that `cloneValue` takes, or a clone.
 */
export function serializedSize(value: unknown): number {
  return HEADER_BYTES + new Measuring().sizeOf(value);
}

/** The bytes of a text as V8 writes it: one a unit where that will do, else two, and then perhaps one to begin at an even place. */
export function textSize(text: string): number {
  return TAGGED_COUNT_BYTES + (WIDE.test(text) ? 2 * text.length + 1 : text.length);
}

class Measuring {
  readonly #seen = new Set<object>();

  sizeOf(value: unknown): number {
    switch (typeof value) {
      case "string":
        return textSize(value);
      case "number":
        return NUMBER_BYTES;
      case "bigint":
        // Hexadecimal digits are half a byte.
        return TAGGED_COUNT_BYTES + WORD_BYTES + value.toString(16).length / 2;
      default:
        return isObject(value) ? this.#objectSize(value) : 1;
    }
  }

  #objectSize(object: object): number {
    if (this.#seen.has(object)) return TAGGED_COUNT_BYTES;
    this.#seen.add(object);
    const known = knownObject(object);
    switch (known?.kind) {
      case "object":
        return OBJECT_BYTES + this.#propertiesSize(known.value);
      case "array":
        return CONTAINER_BYTES + this.#arraySize(known.value);
      case "map":
        return CONTAINER_BYTES + this.#sum(known.value.keys()) + this.#sum(known.value.values());
      case "set":
        return CONTAINER_BYTES + this.#sum(known.value);
      case "regexp":
        return CONTAINER_BYTES + textSize(known.value.source);
      case "error": {
        const { name, message, stack, cause } = known.value;
        return (
          ERROR_BYTES + this.#sum([name, message, stack, cause]) + this.#propertiesSize(object)
        );
      }
      case "box":
        return CONTAINER_BYTES + this.sizeOf(known.value.valueOf());
      case "view":
      case "dataview":
        return CONTAINER_BYTES + this.sizeOf(known.value.buffer);
      case "buffer":
        return CONTAINER_BYTES + known.value.byteLength;
      default:
        // A date; nothing else is ever stored.
        return NUMBER_BYTES;
    }
  }

  #sum(values: Iterable<unknown>): number {
    let size = 0;
    for (const value of values) size += this.sizeOf(value);
    return size;
  }

  #propertiesSize(object: object): number {
    let size = 0;
    for (const key of Object.keys(object))
      size += textSize(key) + this.sizeOf(Reflect.get(object, key));
    return size;
  }

  /** An array that has or had holes, or was read back, is written with the index of each element. */
  #arraySize(array: unknown[]): number {
    return isDense(array, Object.keys(array))
      ? (array.length > SHORT_INDICES ? 4 : 3) * array.length + this.#sum(array)
      : this.#propertiesSize(array);
  }
}
