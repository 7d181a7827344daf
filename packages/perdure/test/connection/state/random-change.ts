/* oxlint-disable unicorn/no-array-sort, unicorn/no-array-reverse, typescript/require-array-sort-compare -- these are the changes. */
import { pick, randomValue } from "./random-value.ts";

/** The state that random changes are made of. */
export interface Model {
  one: unknown;
  other: unknown;
}

type Random = () => number;

/** Copies what is put below another key: a state does so by itself. */
type Across = (value: unknown) => unknown;

/** Makes one change inside of a state: the same for the same numbers and an equal state. */
export function changeAtRandom(state: Model, random: Random, across: Across): void {
  const key = random() < 0.7 ? "one" : "other";
  const value = newValue(state, key, random, across);
  if (random() < 0.05) {
    state[key] = value;
    return;
  }
  const container = somewhere(state[key], random);
  if (container === undefined) state[key] = value;
  else change(container, value, random);
}

/** A new value, one that is already below the key, or one from below the other. */
function newValue(state: Model, key: keyof Model, random: Random, across: Across): unknown {
  const from = random();
  if (from < 0.15) return somewhere(state[key], random) ?? 1;
  if (from < 0.25) return across(somewhere(state[key === "one" ? "other" : "one"], random) ?? 2);
  if (from < 0.28) return "x".repeat(400_000);
  return randomValue(random, 2);
}

/** An object somewhere in a value. */
function somewhere(value: unknown, random: Random): object | undefined {
  let at = value;
  for (let step = 0; step < 6; step += 1) {
    const inside = childrenOf(at).filter(isChangeable);
    if (inside.length === 0 || random() < 0.3) break;
    at = pick(random, inside);
  }
  return isChangeable(at) ? at : undefined;
}

function childrenOf(value: unknown): readonly unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return [...value];
  return isChangeable(value) && isPlain(value) ? Object.values(value) : [];
}

const isPlain = (value: object) =>
  Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;

const isChangeable = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  (isPlain(value) ||
    [Map, Set, Date, DataView, Object.getPrototypeOf(Uint8Array) as typeof Uint8Array].some(
      (kind) => value instanceof kind,
    ));

function change(container: object, value: unknown, random: Random): void {
  const [a, b] = [Math.floor(random() * 6), Math.floor(random() * 6)];
  if (Array.isArray(container)) changeArray(container, value, a, b, random);
  else if (container instanceof Map) changeMap(container, value, random);
  else if (container instanceof Set) changeSet(container, value, random);
  else if (container instanceof Date)
    pick(random, [
      () => container.setTime(a * 1e9),
      () => container.setUTCFullYear(2000 + a, b),
      () => container.setMinutes(a, b),
    ])();
  else if (container instanceof DataView) container.setInt16(Math.min(a, 2), b * 300);
  else if (isPlain(container)) changeObject(container, value, random);
  else changeBytes(container as Uint8Array, a, b, random);
}

function changeObject(object: object, value: unknown, random: Random): void {
  const key = pick(random, ["a", "b", "7", "日", "__proto__x"]);
  pick(random, [
    () => Reflect.set(object, key, value),
    () => Object.assign(object, { [key]: value, c: 1 }),
    () => Reflect.deleteProperty(object, key),
    () =>
      Object.defineProperty(object, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      }),
  ])();
}

function changeArray(array: unknown[], value: unknown, a: number, b: number, random: Random): void {
  pick<() => unknown>(random, [
    () => array.push(value, a),
    () => array.push(value),
    () => array.unshift(value),
    () => array.pop(),
    () => array.shift(),
    () => array.splice(a, b),
    () => array.splice(a, b, value, 1),
    () => array.splice(a),
    () => array.sort(),
    () => array.sort((x, y) => (typeof x < typeof y ? -1 : typeof x > typeof y ? 1 : 0)),
    () => array.reverse(),
    () => array.fill(value, a, b),
    () => array.copyWithin(a, b),
    () => (array[a] = value),
    () => (array.length = Math.min(array.length + 1, a)),
    () => Reflect.deleteProperty(array, String(a)),
    () => ([array[a], array[b]] = [array[b], array[a]]),
  ])();
}

function changeMap(map: Map<unknown, unknown>, value: unknown, random: Random): void {
  const keys = [...map.keys()];
  pick<() => unknown>(random, [
    () => map.set("k1", value),
    () => map.set(value, 1),
    () => keys.length > 0 && map.set(pick(random, keys), value),
    () => map.delete(keys[0]),
    () => map.delete("k2"),
    () => random() < 0.2 && map.clear(),
  ])();
}

function changeSet(set: Set<unknown>, value: unknown, random: Random): void {
  pick<() => unknown>(random, [
    () => set.add(value),
    () => set.add("a text"),
    () => set.delete([...set][0]),
    () => set.delete("a text"),
    () => random() < 0.2 && set.clear(),
  ])();
}

function changeBytes(bytes: Uint8Array, a: number, b: number, random: Random): void {
  const isWide = typeof bytes[0] === "bigint" || bytes instanceof BigInt64Array;
  const item = (isWide ? BigInt(a) : a) as number;
  pick<() => unknown>(random, [
    () => (bytes[a] = item),
    () => bytes.fill(item, a, b),
    () => bytes.length > 0 && bytes.set([item]),
    () => bytes.reverse(),
    () => bytes.sort(),
    () => bytes.copyWithin(a, b),
    () => bytes.subarray(a).fill(item),
  ])();
}
