const LEAVES: readonly ((random: () => number) => unknown)[] = [
  () => undefined,
  () => null,
  (random) => random() < 0.5,
  (random) => Math.floor(random() * 100),
  (random) => Math.floor((random() - 0.5) * 2 ** 33),
  (random) => random() * 1e9,
  () => Number.NaN,
  () => -0,
  () => Number.POSITIVE_INFINITY,
  (random) => BigInt(Math.floor(random() * 2 ** 53)) ** BigInt(Math.floor(random() * 5)),
  (random) => -BigInt(Math.floor(random() * 2 ** 53)),
  (random) => "text ".repeat(random() * 40),
  (random) => "zoë ".repeat(random() * 40),
  (random) => "日本 ".repeat(random() * 40),
  () => "\ud800",
  (random) => new Date(Math.floor(random() * 1e12)),
  () => new Date(Number.NaN),
  () => /a+[^b]/giu,
  (random) => new Uint8Array(random() * 50).fill(7),
  (random) => new Float64Array([random(), Number.NaN]),
  () => new BigInt64Array([5n, -1n]),
  () => new DataView(new ArrayBuffer(12), 2, 4),
  () => new ArrayBuffer(9),
  () => new Uint16Array(new ArrayBuffer(16), 4, 2),
  () => new RangeError("too far", { cause: "a test" }),
  () => Object(5),
  () => Object("boxed"),
];

/** One of a list. */
export function pick<T>(random: () => number, list: readonly T[]): T {
  if (list.length === 0) throw new Error("There is nothing to pick from.");
  return list[Math.floor(random() * list.length)] as T;
}

/** Any value that a state can keep, of every kind, with shared and circular references, at most so deep. */
export function randomValue(random: () => number, depth: number): unknown {
  const shared: unknown[] = [];
  const make = (left: number): unknown => {
    if (shared.length > 0 && random() < 0.05) return pick(random, shared);
    if (left === 0 || random() < 0.3) return pick(random, LEAVES)(random);
    const items = (): unknown[] =>
      Array.from({ length: Math.floor(random() * 6) }, () => make(left - 1));
    switch (Math.floor(random() * 5)) {
      case 0: {
        const map = new Map();
        shared.push(map);
        for (const item of items()) map.set(random() < 0.8 ? `k${map.size}` : make(left - 1), item);
        return map;
      }
      case 1: {
        const set = new Set();
        shared.push(set);
        for (const item of items()) set.add(item);
        return set;
      }
      case 2: {
        const array: unknown[] = [];
        shared.push(array);
        array.push(...items());
        if (random() < 0.1) array.length += 3;
        if (random() < 0.1) Object.assign(array, { extra: make(left - 1) });
        return array;
      }
      default: {
        const object: Record<string, unknown> = {};
        shared.push(object);
        for (const item of items()) object[pick(random, ["a", "b", "7", "日", "long name"])] = item;
        return object;
      }
    }
  };
  return make(depth);
}
