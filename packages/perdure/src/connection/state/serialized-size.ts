import { isObject } from "./clone-value.ts";
import { knownObject } from "./value-kind.ts";

/** The format's mark and its version. */
const HEADER_BYTES = 2;

/** A tag and a number of 32 bits, as a reference to an object and most counts are written. */
const TAGGED_COUNT_BYTES = 6;

/**
 * Any number: a tag and a double. Whether a whole number takes less depends on what else was once in objects of the same shape,
 * so it is not counted on.
 */
const NUMBER_BYTES = 9;

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
        return TAGGED_COUNT_BYTES + bigintBytes(value);
      default:
        return isObject(value) ? this.#objectSize(value) : 1;
    }
  }

  #objectSize(object: object): number {
    if (this.#seen.has(object)) return TAGGED_COUNT_BYTES;
    this.#seen.add(object);
    const known = knownObject(object);
    // Nothing else is ever stored.
    if (known === undefined) return 0;
    const { kind, value } = known;
    switch (kind) {
      case "object":
        return 2 + TAGGED_COUNT_BYTES + this.#propertiesSize(value);
      case "array":
        return 2 + 2 * TAGGED_COUNT_BYTES + this.#arraySize(value);
      case "map": {
        let size = 1 + TAGGED_COUNT_BYTES;
        for (const [key, item] of value) size += this.sizeOf(key) + this.sizeOf(item);
        return size;
      }
      case "set": {
        let size = 1 + TAGGED_COUNT_BYTES;
        for (const item of value) size += this.sizeOf(item);
        return size;
      }
      case "date":
        return NUMBER_BYTES;
      case "regexp":
        return textSize(value.source) + TAGGED_COUNT_BYTES;
      case "error":
        return (
          ERROR_BYTES +
          textSize(value.name) +
          textSize(value.message) +
          textSize(value.stack ?? "") +
          this.sizeOf(value.cause) +
          this.#propertiesSize(value)
        );
      case "box":
        return 1 + this.sizeOf(value.valueOf());
      case "view":
      case "dataview":
        return 3 * TAGGED_COUNT_BYTES + this.sizeOf(value.buffer);
      case "buffer":
        return 2 * TAGGED_COUNT_BYTES + value.byteLength;
    }
  }

  #propertiesSize(object: object): number {
    let size = 0;
    for (const key of Object.keys(object))
      size += textSize(key) + this.sizeOf(Reflect.get(object, key));
    return size;
  }

  /** An array that has or had holes, or was read back, is written with the index of each element. */
  #arraySize(array: unknown[]): number {
    const keys = Object.keys(array);
    if (keys.length !== array.length || keys.at(-1) !== String(array.length - 1))
      return this.#propertiesSize(array);
    let size = 0;
    let index = 0;
    for (const item of array) {
      size += (index < 64 ? 2 : index < 8_192 ? 3 : index < 1_048_576 ? 4 : 6) + this.sizeOf(item);
      index += 1;
    }
    return size;
  }
}

function bigintBytes(value: bigint): number {
  // Hexadecimal digits are half a byte; whole words of 64 bits are written.
  return 8 * Math.ceil(value.toString(16).length / 16);
}
