import type { Scope } from "./tracked.ts";
import { FIXED_TRAPS } from "./tracked.ts";

/** A collection has no properties that would be stored. */
const WITHOUT_PROPERTIES = {
  ...FIXED_TRAPS,
  set: () => false,
  defineProperty: () => false,
} as const satisfies ProxyHandler<object>;

type Visit = (value: unknown, key: unknown, collection: unknown) => void;

/** Traps of a `Map`. Its methods work on the map itself: they take no proxy. */
export function mapTraps(scope: Scope): ProxyHandler<Map<unknown, unknown>> {
  return {
    ...WITHOUT_PROPERTIES,
    get: (raw, name, proxy: unknown) =>
      mapMethod(scope, raw, name, proxy) ?? Reflect.get(raw, name, raw),
  };
}

/** Traps of a `Set`. */
export function setTraps(scope: Scope): ProxyHandler<Set<unknown>> {
  return {
    ...WITHOUT_PROPERTIES,
    get: (raw, name, proxy: unknown) =>
      setMethod(scope, raw, name, proxy) ?? Reflect.get(raw, name, raw),
  };
}

function mapMethod(
  scope: Scope,
  raw: Map<unknown, unknown>,
  name: PropertyKey,
  proxy: unknown,
): unknown {
  const put = (key: unknown, value: unknown) =>
    scope.change({
      container: raw,
      values: [key, value],
      apply: ([keptKey, kept]) => {
        raw.set(keptKey, kept);
        return keptKey;
      },
      instead: () => key,
    });
  switch (name) {
    case "get":
      return (key: unknown) => scope.show(raw.get(scope.held(key)));
    case "has":
      return (key: unknown) => raw.has(scope.held(key));
    case "set":
      return (key: unknown, value: unknown) => {
        put(key, value);
        return proxy;
      };
    case "getOrInsert":
      return (key: unknown, value: unknown) =>
        scope.show(raw.get(raw.has(scope.held(key)) ? scope.held(key) : put(key, value)));
    case "getOrInsertComputed":
      return (key: unknown, make: (key: unknown) => unknown) =>
        scope.show(raw.get(raw.has(scope.held(key)) ? scope.held(key) : put(key, make(key))));
    case "delete":
      return (key: unknown) => removed(scope, raw, scope.held(key));
    case "clear":
      return () => cleared(scope, raw);
    case "forEach":
      return (visit: Visit, self?: unknown) =>
        raw.forEach((value, key) =>
          Reflect.apply(visit, self, [scope.show(value), scope.show(key), proxy]),
        );
    case "keys":
      return () => shown(scope, raw.keys());
    case "values":
      return () => shown(scope, raw.values());
    case "entries":
    case Symbol.iterator:
      return () => shownPairs(scope, raw.entries());
    default:
      return undefined;
  }
}

function setMethod(scope: Scope, raw: Set<unknown>, name: PropertyKey, proxy: unknown): unknown {
  switch (name) {
    case "has":
      return (item: unknown) => raw.has(scope.held(item));
    case "add":
      return (item: unknown) => {
        if (!raw.has(scope.held(item)))
          scope.change({
            container: raw,
            values: [item],
            apply: ([kept]) => void raw.add(kept),
            instead: () => {},
          });
        return proxy;
      };
    case "delete":
      return (item: unknown) => removed(scope, raw, scope.held(item));
    case "clear":
      return () => cleared(scope, raw);
    case "forEach":
      return (visit: Visit, self?: unknown) =>
        raw.forEach((item) =>
          Reflect.apply(visit, self, [scope.show(item), scope.show(item), proxy]),
        );
    case "keys":
    case "values":
    case Symbol.iterator:
      return () => shown(scope, raw.values());
    case "entries":
      return () => shownPairs(scope, raw.entries());
    case "union":
    case "intersection":
    case "difference":
    case "symmetricDifference":
    case "isSubsetOf":
    case "isSupersetOf":
    case "isDisjointFrom":
      return (...others: unknown[]): unknown => {
        const plain = new Set(shown(scope, raw.values()));
        return Reflect.apply(Reflect.get(plain, name), plain, others);
      };
    default:
      return undefined;
  }
}

function removed(scope: Scope, raw: Map<unknown, unknown> | Set<unknown>, item: unknown): boolean {
  const apply = () => raw.delete(item);
  return raw.has(item) && scope.change({ container: raw, apply, instead: () => false });
}

function cleared(scope: Scope, raw: Map<unknown, unknown> | Set<unknown>): void {
  if (raw.size > 0) scope.change({ container: raw, apply: () => raw.clear(), instead: () => {} });
}

function* shown(scope: Scope, items: Iterable<unknown>): Generator {
  for (const item of items) yield scope.show(item);
}

function* shownPairs(
  scope: Scope,
  pairs: Iterable<readonly [unknown, unknown]>,
): Generator<[unknown, unknown]> {
  for (const [key, value] of pairs) yield [scope.show(key), scope.show(value)];
}
