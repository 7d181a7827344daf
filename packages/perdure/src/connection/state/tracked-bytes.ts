import type { Scope } from "./tracked.ts";
import { FIXED_TRAPS, rawOf } from "./tracked.ts";

/** The methods that change dates and bytes, all of them: also those that not every runtime has. */
const CHANGING = /^(?:set|fill$|copyWithin$|sort$|reverse$|resize$)/;

/** Whether a key is the index of an element. */
const isElement = (key: PropertyKey): key is string =>
  typeof key === "string" && /^(?:0|[1-9]\d*)$/.test(key);

/** Traps of dates, buffers and views: a method works on the object itself, as one change where it makes one. */
export function boundTraps<T extends Date | ArrayBuffer | ArrayBufferView>(
  scope: Scope,
): ProxyHandler<T> {
  return {
    ...FIXED_TRAPS,
    get(raw, name, proxy: unknown) {
      const isBuffer = raw instanceof ArrayBuffer;
      // Nothing sees what is written to it by a view that somebody makes of it, so none can be made: the platform would make an
      // empty one, and say nothing.
      if (isBuffer && (name === Symbol.iterator || /^length$|^transfer/.test(String(name))))
        throw new TypeError(
          "A tracked ArrayBuffer is read with slice() or snapshot(); change bytes by a Uint8Array.",
        );
      const value: unknown = Reflect.get(raw, name, raw);
      if (name === "buffer") return scope.show(value);
      if (typeof value !== "function" || name === "constructor") return value;
      return (...args: unknown[]): unknown => {
        const apply = (): unknown => Reflect.apply(value, raw, args.map(rawOf));
        const result = CHANGING.test(String(name))
          ? scope.change(
              ArrayBuffer.isView(raw) ? raw.buffer : raw,
              apply,
              undefined,
              [],
              isBuffer ? Infinity : 0,
            )
          : apply();
        return result === raw ? proxy : name === "subarray" ? scope.show(result) : result;
      };
    },
  };
}

/** Traps of typed arrays: their elements, too. */
export function viewTraps(scope: Scope): ProxyHandler<Uint8Array> {
  // Past its end a typed array takes no element, and says nothing; a property of its own would not be stored.
  const set = (raw: Uint8Array, key: PropertyKey, value: unknown): boolean =>
    isElement(key) && scope.change(raw.buffer, () => Reflect.set(raw, key, value, raw), true);
  return {
    ...boundTraps<Uint8Array>(scope),
    set,
    defineProperty: (raw, key, descriptor) =>
      "value" in descriptor && set(raw, key, descriptor.value),
  };
}
