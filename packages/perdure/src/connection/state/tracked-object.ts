import { isObject, setOwn } from "./clone-value.ts";
import { textSize } from "./serialized-size.ts";
import type { Scope } from "./tracked.ts";
import { FIXED_TRAPS } from "./tracked.ts";

type Container = Record<PropertyKey, unknown> | unknown[];

/** Traps of plain objects and of arrays. */
export function objectTraps(scope: Scope): ProxyHandler<Container> {
  return {
    ...FIXED_TRAPS,
    get(raw, key, receiver) {
      if (Array.isArray(raw)) {
        const method = arrayMethod(scope, raw, key);
        if (method !== undefined) return method;
      }
      const value: unknown = Reflect.get(raw, key, receiver);
      return isObject(value) && Object.hasOwn(raw, key) ? scope.show(value) : value;
    },
    set(raw, key, value, receiver) {
      // An object that inherits from this one gets a property of its own; `__proto__` asks for another prototype.
      const isInherited = receiver !== scope.show(raw);
      if (isInherited || (key === "__proto__" && !Object.hasOwn(raw, key)))
        return Reflect.set(raw, key, value, receiver);
      return setProperty(scope, raw, key, value);
    },
    deleteProperty(raw, key) {
      if (!Object.hasOwn(raw, key)) return true;
      const apply = () => Reflect.deleteProperty(raw, key);
      return scope.change({ container: raw, apply, instead: () => true });
    },
    defineProperty(raw, key, descriptor) {
      if (isOrdinary(descriptor, key !== "length" || !Array.isArray(raw)))
        return setProperty(
          scope,
          raw,
          key,
          "value" in descriptor ? descriptor.value : Reflect.get(raw, key),
        );
      scope.refuse(NOT_ORDINARY);
      return true;
    },
    getOwnPropertyDescriptor(raw, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(raw, key);
      return descriptor && { ...descriptor, value: scope.show<unknown>(descriptor.value) };
    },
  };
}

/** Why a definition of a property is refused. */
export const NOT_ORDINARY =
  "A property of the state is an ordinary one, neither hidden nor read-only nor computed; assign a value.";

/**
 * Whether a property that is defined so is like one that is assigned; what is not said is taken to be so.
 *
 * @param isPlain Whether it can be: the length of an array is hidden.
 */
export function isOrdinary(descriptor: PropertyDescriptor, isPlain = true): boolean {
  const { enumerable = true, configurable = true, writable = true } = descriptor;
  const isComputed = "get" in descriptor || "set" in descriptor;
  return !isComputed && writable && (!isPlain || (enumerable && configurable));
}

function setProperty(scope: Scope, raw: Container, key: PropertyKey, value: unknown): boolean {
  if (Object.hasOwn(raw, key) && Object.is(Reflect.get(raw, key), scope.held(value))) return true;
  if (typeof key === "symbol") {
    scope.refuse("A property whose name is a symbol is not stored; name it by a string.");
    return true;
  }
  return scope.change({
    container: raw,
    values: [value],
    bytes: textSize(String(key)),
    apply: ([kept]) => {
      setOwn(raw, key, kept);
      return true;
    },
    instead: () => true,
  });
}

/**
 * The methods that change an array, each as one change: by the traps alone, `unshift` would be as many as the array is long. All
 * others read through the traps.
 */
function arrayMethod(scope: Scope, raw: unknown[], key: PropertyKey): unknown {
  const change = <T>(
    values: readonly unknown[],
    apply: (kept: readonly unknown[]) => T,
    instead: T,
  ) => scope.change({ container: raw, values, apply, instead: () => instead });
  switch (key) {
    case "push":
      return (...items: unknown[]) => change(items, (kept) => raw.push(...kept), raw.length);
    case "unshift":
      return (...items: unknown[]) => change(items, (kept) => raw.unshift(...kept), raw.length);
    case "pop":
      return () => scope.show(change([], () => raw.pop(), undefined));
    case "shift":
      return () => scope.show(change([], () => raw.shift(), undefined));
    case "reverse":
      // oxlint-disable-next-line unicorn/no-array-reverse -- it is this array that changes.
      return () => scope.show(change([], () => raw.reverse(), raw));
    case "sort":
      return (compare?: (a: unknown, b: unknown) => number) => {
        const shown =
          compare && ((a: unknown, b: unknown) => compare(scope.show(a), scope.show(b)));
        // oxlint-disable-next-line unicorn/no-array-sort -- it is this array that changes.
        return scope.show(change([], () => raw.sort(shown), raw));
      };
    case "splice":
      return (...args: unknown[]) => {
        // How many arguments there are makes a difference to it.
        const removed = change(
          args.slice(2),
          (kept) => Reflect.apply(raw.splice, raw, [...args.slice(0, 2), ...kept]),
          [],
        );
        return removed.map((item: unknown) => scope.show(item));
      };
    case "fill":
      return (value: unknown, from?: number, to?: number) =>
        scope.show(
          scope.change({
            container: raw,
            values: [value],
            // A text is stored once for each element.
            bytes: Number.POSITIVE_INFINITY,
            apply: ([kept]) => raw.fill(kept, from, to),
            instead: () => raw,
          }),
        );
    case "copyWithin":
      return (target: number, from: number, to?: number) =>
        scope.show(
          scope.change({
            container: raw,
            bytes: Number.POSITIVE_INFINITY,
            apply: () => raw.copyWithin(target, from, to),
            instead: () => raw,
          }),
        );
    default:
      return undefined;
  }
}
