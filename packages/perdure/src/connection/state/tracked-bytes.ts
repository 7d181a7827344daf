import type { Scope } from "./tracked.ts";
import { FIXED_TRAPS, rawOf } from "./tracked.ts";

/** Traps of a `Date`: every setter is a change. */
export function dateTraps(scope: Scope): ProxyHandler<Date> {
  return {
    ...FIXED_TRAPS,
    set: () => false,
    defineProperty: () => false,
    get: (raw, name) => bound(scope, raw, raw, name, isSetter),
  };
}

/** Traps of a `DataView`: every setter is a change. */
export function dataViewTraps(scope: Scope): ProxyHandler<DataView> {
  return {
    ...FIXED_TRAPS,
    set: () => false,
    defineProperty: () => false,
    get: (raw, name) => bound(scope, raw, raw.buffer, name, isSetter),
  };
}

/** Traps of typed arrays: elements, and the methods that change them. */
export function viewTraps(scope: Scope): ProxyHandler<Uint8Array> {
  const setElement = (raw: Uint8Array, key: PropertyKey, value: unknown) =>
    // Past its end a typed array takes no element, and says nothing; a property of its own would not be stored.
    !isElement(key) ||
    scope.change({
      container: raw.buffer,
      apply: () => Reflect.set(raw, key, value, raw),
      instead: () => true,
    });
  return {
    ...FIXED_TRAPS,
    get(raw, name, proxy: unknown) {
      if (name === "subarray")
        return (from?: number, to?: number) => scope.show(raw.subarray(from, to));
      const value = bound(scope, raw, raw.buffer, name, isByteChange);
      // A method that changes the array returns it.
      return isByteChange(name) && typeof value === "function"
        ? (...args: unknown[]) => (Reflect.apply(value, raw, args) === raw ? proxy : undefined)
        : value;
    },
    set: (raw, key, value) => isElement(key) && setElement(raw, key, value),
    defineProperty: (raw, key, descriptor) =>
      isElement(key) && "value" in descriptor && setElement(raw, key, descriptor.value),
  };
}

/**
 * Traps of an `ArrayBuffer`. Nothing sees what is written to it by a view that somebody makes of it, so none can be made: the
 * platform would make an empty one, and say nothing.
 */
export function bufferTraps(scope: Scope): ProxyHandler<ArrayBuffer> {
  return {
    ...FIXED_TRAPS,
    set: () => false,
    defineProperty: () => false,
    get(raw, name) {
      if (name === "resize")
        return (length: number) =>
          scope.change({
            container: raw,
            bytes: Math.max(0, length - raw.byteLength),
            apply: () => raw.resize(length),
            instead: () => {},
          });
      if (name === Symbol.iterator || name === "length" || String(name).startsWith("transfer"))
        throw new TypeError(
          "The bytes of a tracked ArrayBuffer are read with slice() or snapshot(); keep a Uint8Array to change them.",
        );
      return bound(scope, raw, raw, name, () => false);
    },
  };
}

/** A property, read of the object itself; a method works on the object itself, as one change where it makes one. */
function bound(
  scope: Scope,
  raw: object,
  container: object,
  name: PropertyKey,
  isChange: (name: PropertyKey) => boolean,
): unknown {
  const value: unknown = Reflect.get(raw, name, raw);
  if (typeof value !== "function" || name === "constructor")
    return name === "buffer" ? scope.show(value) : value;
  if (!isChange(name)) return (...args: unknown[]): unknown => Reflect.apply(value, raw, args);
  return (...args: unknown[]): unknown =>
    scope.change<unknown>({
      container,
      apply: () => Reflect.apply(value, raw, args.map(rawOf)),
      instead: () => undefined,
    });
}

function isSetter(name: PropertyKey): boolean {
  return typeof name === "string" && name.startsWith("set");
}

const BYTE_CHANGES: ReadonlySet<PropertyKey> = new Set([
  "set",
  "fill",
  "copyWithin",
  "sort",
  "reverse",
  // Of Uint8Array, where the runtime has them.
  "setFromBase64",
  "setFromHex",
]);

function isByteChange(name: PropertyKey): boolean {
  return BYTE_CHANGES.has(name);
}

/** Whether a key is the index of an element. */
function isElement(key: PropertyKey): key is string {
  return typeof key === "string" && /^(?:0|[1-9]\d*)$/.test(key);
}
