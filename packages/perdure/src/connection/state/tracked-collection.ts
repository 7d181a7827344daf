import type { Scope } from "./tracked.ts";
import { FIXED_TRAPS } from "./tracked.ts";

type Methods = Readonly<Record<PropertyKey, unknown>>;

type Visit = (value: unknown, key: unknown, collection: unknown) => void;

/** The methods of sets that make something new of several. */
const COMBINING =
  /^(?:union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)$/;

/** Traps of a `Map`. Its methods work on the map itself: they take no proxy. */
export function mapTraps(
  scope: Scope,
  raw: Map<unknown, unknown>,
): ProxyHandler<Map<unknown, unknown>> {
  const both = collectionMethods(scope, raw);
  const set = (key: unknown, value: unknown) =>
    scope.change(
      raw,
      ([keptKey, kept]) => {
        raw.set(keptKey, kept);
        return keptKey;
      },
      key,
      [key, value],
    );
  const get = (key: unknown) => scope.show(raw.get(scope.held(key)));
  const getOrInsert = (key: unknown, make: (key: unknown) => unknown) =>
    both.has(key) ? get(key) : scope.show(raw.get(set(key, make(key))));
  return trapsOf<Map<unknown, unknown>>({
    ...both,
    [Symbol.iterator]: () => both.entries(),
    get,
    set(key: unknown, value: unknown) {
      set(key, value);
      return scope.show(raw);
    },
    getOrInsert: (key: unknown, value: unknown) => getOrInsert(key, () => value),
    getOrInsertComputed: getOrInsert,
  });
}

/** Traps of a `Set`. */
export function setTraps(scope: Scope, raw: Set<unknown>): ProxyHandler<Set<unknown>> {
  const both = collectionMethods(scope, raw);
  return trapsOf<Set<unknown>>(
    {
      ...both,
      [Symbol.iterator]: () => both.values(),
      add(item: unknown) {
        if (!both.has(item)) scope.change(raw, ([kept]) => void raw.add(kept), undefined, [item]);
        return scope.show(raw);
      },
    },
    (name) =>
      COMBINING.test(name) &&
      ((...others: unknown[]): unknown => {
        const plain = new Set(both.values());
        return Reflect.apply(Reflect.get(plain, name), plain, others);
      }),
  );
}

/** What maps and sets have both. */
function collectionMethods(scope: Scope, raw: Map<unknown, unknown> | Set<unknown>) {
  const has = (key: unknown): boolean => raw.has(scope.held(key));
  return {
    has,
    delete: (key: unknown) =>
      has(key) && scope.change(raw, () => raw.delete(scope.held(key)), false),
    clear(): void {
      if (raw.size > 0) scope.change(raw, () => raw.clear(), undefined);
    },
    forEach(visit: Visit, self?: unknown): void {
      raw.forEach((value: unknown, key: unknown) =>
        Reflect.apply(visit, self, [scope.show(value), scope.show(key), scope.show(raw)]),
      );
    },
    *keys() {
      for (const key of raw.keys()) yield scope.show(key);
    },
    *values() {
      for (const value of raw.values()) yield scope.show(value);
    },
    *entries() {
      for (const [key, value] of raw.entries()) yield [scope.show(key), scope.show(value)] as const;
    },
  };
}

/** A collection has no properties that would be stored. */
function trapsOf<T extends object>(
  methods: Methods,
  other: (name: string) => unknown = () => undefined,
): ProxyHandler<T> {
  return {
    ...FIXED_TRAPS,
    get: (raw, name): unknown =>
      Object.hasOwn(methods, name)
        ? methods[name]
        : other(String(name)) || Reflect.get(raw, name, raw),
  };
}
