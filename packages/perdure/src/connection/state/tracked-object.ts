import { isObject, setOwn } from "./clone-value.ts";
import { textSize } from "./serialized-size.ts";
import type { Scope } from "./tracked.ts";
import { FIXED_TRAPS } from "./tracked.ts";

/** Traps of plain objects and of arrays. */
export function objectTraps(scope: Scope): ProxyHandler<object> {
  return {
    ...FIXED_TRAPS,
    get(raw, key, receiver) {
      const value: unknown = Reflect.get(raw, key, receiver);
      if (!isObject(value)) return value;
      if (Object.hasOwn(raw, key)) return scope.show(value);
      return Array.isArray(raw) ? arrayMethod(scope, raw, key, value) : value;
    },
    set(raw, key, value, receiver) {
      // An object that inherits from this one gets a property of its own; `__proto__` asks for another prototype.
      const isInherited = receiver !== scope.show(raw);
      if (isInherited || (key === "__proto__" && !Object.hasOwn(raw, key)))
        return Reflect.set(raw, key, value, receiver);
      return setProperty(scope, raw, key, value);
    },
    deleteProperty: (raw, key) =>
      !Object.hasOwn(raw, key) || scope.change(raw, () => Reflect.deleteProperty(raw, key), true),
    defineProperty(raw, key, descriptor) {
      if (isOrdinary(descriptor, key !== "length" || !Array.isArray(raw)))
        return setProperty(scope, raw, key, valueIn(descriptor, raw, key));
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
  "A property of the state is neither hidden nor read-only nor computed; assign a value.";

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

/** The value that a definition gives a property, or that it has. */
export const valueIn = (descriptor: PropertyDescriptor, raw: object, key: PropertyKey): unknown =>
  "value" in descriptor ? descriptor.value : Reflect.get(raw, key);

function setProperty(scope: Scope, raw: object, key: PropertyKey, value: unknown): boolean {
  if (Object.hasOwn(raw, key) && Object.is(Reflect.get(raw, key), scope.held(value))) return true;
  if (typeof key === "symbol") {
    scope.refuse("A property named by a symbol is not stored; use a string.");
    return true;
  }
  const apply = ([kept]: readonly unknown[]) => {
    setOwn(raw, key, kept);
    return true;
  };
  return scope.change(raw, apply, true, [value], textSize(String(key)));
}

type Refused = (array: readonly unknown[]) => unknown;

const itself: Refused = (array) => array;
const lengthOf: Refused = ({ length }) => length;
const nothing: Refused = () => undefined;

/**
 * The methods that change an array: what each answers where the change is refused, and from which to before which of its arguments
 * are values that come in.
 */
const ARRAY_CHANGES: ReadonlyMap<
  PropertyKey,
  readonly [refused: Refused, from?: number, to?: number]
> = new Map([
  ["push", [lengthOf, 0]],
  ["unshift", [lengthOf, 0]],
  ["splice", [() => [], 2]],
  ["fill", [itself, 0, 1]],
  ["copyWithin", [itself]],
  ["pop", [nothing]],
  ["shift", [nothing]],
  ["reverse", [itself]],
  ["sort", [itself]],
]);

/**
 * A method that changes an array, as one change: by the traps alone, `unshift` would be as many as the array is long. All others
 * read through the traps.
 */
function arrayMethod(scope: Scope, raw: unknown[], name: PropertyKey, method: object): unknown {
  const change = ARRAY_CHANGES.get(name);
  if (change === undefined || typeof method !== "function") return method;
  const [refused, from = Infinity, to = Infinity] = change;
  return (...args: unknown[]): unknown => {
    const [compare] = args;
    if (name === "sort" && typeof compare === "function")
      args[0] = (a: unknown, b: unknown): unknown => compare(scope.show(a), scope.show(b));
    const result = scope.change(
      raw,
      // How many arguments there are makes a difference to `splice`.
      (kept): unknown =>
        Reflect.apply(method, raw, [...args.slice(0, from), ...kept, ...args.slice(to)]),
      refused(raw),
      args.slice(from, to),
      // These may put in the same many times.
      name === "fill" || name === "copyWithin" ? Infinity : 0,
    );
    return name === "splice" && Array.isArray(result)
      ? result.map((item: unknown) => scope.show(item))
      : scope.show(result);
  };
}
