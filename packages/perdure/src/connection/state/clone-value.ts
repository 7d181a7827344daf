import { PerdureError } from "../../protocol/index.ts";
import { isDense, knownObject } from "./value-kind.ts";

/**
 * What stands in for an object while a value is cloned: `copy` is put in its place as it is, `original` is cloned in its place.
 * Undefined: the object itself is cloned.
 */
export type Replacement = { readonly copy: object } | { readonly original: object } | undefined;

/** Whether this is an object, or a function: what is shared, not copied, by an assignment. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/**
 * Clones a value as storage will give it back: structured cloning, without what that loses in silence. A getter is read once;
 * an object without a prototype becomes an ordinary one.
 *
 * @param replace Asked of each object before it is cloned.
 * @throws `bad_request` where something in it is a function, a symbol, or an object that would lose its class or properties.
 */
export function cloneValue(
  value: unknown,
  replace: (value: object) => Replacement = () => undefined,
): unknown {
  // Nearly all that is assigned is one of these.
  if (!isObject(value) && typeof value !== "symbol") return value;
  return new Cloning(replace).clone(value);
}

/** One cloning: what is in a value twice is in its clone twice, the same. */
class Cloning {
  readonly #replace: (value: object) => Replacement;
  readonly #clones = new Map<object, object>();

  constructor(replace: (value: object) => Replacement) {
    this.#replace = replace;
  }

  clone(value: unknown): unknown {
    if (typeof value === "symbol") throw refused("a symbol");
    if (!isObject(value)) return value;
    const replacement = this.#replace(value);
    if (replacement !== undefined && "copy" in replacement) return replacement.copy;
    const original = replacement?.original ?? value;
    return this.#clones.get(original) ?? this.#copy(original);
  }

  #copy(original: object): object {
    if (typeof original === "function") throw refused("a function");
    const known = knownObject(original);
    if (known === undefined) throw refused(`an instance of ${classOf(original)}`);
    const { kind, value } = known;
    switch (kind) {
      case "object":
        return this.#properties(value, this.#known(value, {}), Object.keys(value), 0);
      case "array":
        return this.#array(value);
      case "map": {
        const copy = this.#known(value, new Map());
        for (const [key, item] of value) copy.set(this.clone(key), this.clone(item));
        return this.#nothingElse(value, copy);
      }
      case "set": {
        const copy = this.#known(value, new Set());
        for (const item of value) copy.add(this.clone(item));
        return this.#nothingElse(value, copy);
      }
      case "view":
      case "dataview":
        return this.#view(value);
      case "buffer":
      case "error":
        return this.#leaf(value);
      default:
        // The platform's own cloning keeps all of the rest: dates, regular expressions, boxed primitives.
        return this.#nothingElse(value, this.#leaf(value));
    }
  }

  /** Remembers a clone before what it holds is cloned: that may hold it. */
  #known<T extends object>(original: object, copy: T): T {
    this.#clones.set(original, copy);
    return copy;
  }

  #leaf<T extends object>(value: T): T {
    return this.#known(value, structuredClone(value));
  }

  #array(value: unknown[]): object {
    const copy: unknown[] = this.#known(value, []);
    const keys = Object.keys(value);
    if (isDense(value, keys) && Reflect.ownKeys(value).length === keys.length + 1) {
      // By appending: the platform stores an array shorter where it never had holes.
      for (const item of value) copy.push(this.clone(item));
      return copy;
    }
    copy.length = value.length;
    return this.#properties(value, copy, keys, 1);
  }

  /** Copies enumerable properties; `hidden` is how many others are to be there. */
  #properties(original: object, copy: object, keys: readonly string[], hidden: number): object {
    if (Reflect.ownKeys(original).length !== keys.length + hidden)
      throw refused("a hidden property, or one named by a symbol");
    for (const key of keys) setOwn(copy, key, this.clone(Reflect.get(original, key)));
    return copy;
  }

  /** A view's buffer is cloned whole: other views may look at it. */
  #view(value: ArrayBufferView): object {
    const buffer: unknown = this.clone(value.buffer);
    const { byteOffset } = value;
    const length = value instanceof DataView ? value.byteLength : (value as Uint8Array).length;
    const { constructor } = Object.getPrototypeOf(value) as {
      readonly constructor: new (...of: unknown[]) => object;
    };
    return this.#known(value, new constructor(buffer, byteOffset, length));
  }

  #nothingElse<T extends object>(original: object, copy: T): T {
    // An indexed string and the position of a regular expression are properties that the clone has by itself.
    if (Reflect.ownKeys(original).length !== Reflect.ownKeys(copy).length)
      throw refused(`own properties of an instance of ${classOf(original)}`);
    return copy;
  }
}

const ORDINARY = { writable: true, enumerable: true, configurable: true };

/** Sets an own property, whatever its name: an assignment to `__proto__` would change the prototype. */
export function setOwn(target: object, key: PropertyKey, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(target, key, { ...ORDINARY, value });
  else Reflect.set(target, key, value);
}

function refused(what: string): PerdureError {
  return new PerdureError(
    "bad_request",
    `It holds ${what}, which storage does not give back as it was; store plain data.`,
  );
}

function classOf(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === "function" && constructor.name !== ""
    ? constructor.name
    : "a class without a name";
}
