/** An object that is cloned and stored without loss, with what it is. */
export type KnownObject =
  | { readonly kind: "object"; readonly value: Record<string, unknown> }
  | { readonly kind: "array"; readonly value: unknown[] }
  | { readonly kind: "map"; readonly value: Map<unknown, unknown> }
  | { readonly kind: "set"; readonly value: Set<unknown> }
  | { readonly kind: "date"; readonly value: Date }
  | { readonly kind: "regexp"; readonly value: RegExp }
  | { readonly kind: "error"; readonly value: Error }
  | { readonly kind: "box"; readonly value: object }
  | { readonly kind: "view"; readonly value: Uint8Array }
  | { readonly kind: "dataview"; readonly value: DataView }
  | { readonly kind: "buffer"; readonly value: ArrayBuffer };

type Kind = KnownObject["kind"];

/** The global classes of each kind: of typed arrays those that this runtime has, of errors those that keep their class. */
const CLASSES: Readonly<Record<Kind, string>> = {
  object: "Object",
  array: "Array",
  map: "Map",
  set: "Set",
  date: "Date",
  regexp: "RegExp",
  error: "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError",
  box: "Number String Boolean BigInt",
  view:
    "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array " +
    "Float16Array Float32Array Float64Array BigInt64Array BigUint64Array",
  dataview: "DataView",
  buffer: "ArrayBuffer",
};

const KINDS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [null, "object"],
  ...Object.entries(CLASSES).flatMap(([kind, names]) =>
    names.split(" ").map((name) => [prototypeOf(name), kind] as const),
  ),
]);

/** What an object is, by its class; undefined where it has one that storage would not give back. */
export function knownObject(value: object): KnownObject | undefined {
  const kind = KINDS.get(Object.getPrototypeOf(value));
  // The prototype says what it is: the one cast that spares eleven checks.
  return kind === undefined ? undefined : ({ kind, value } as KnownObject);
}

/** Whether an array has all of its elements, given its enumerable keys. */
export function isDense({ length }: readonly unknown[], keys: readonly string[]): boolean {
  return keys.length === length && (length === 0 || keys.at(-1) === String(length - 1));
}

/** The prototype of a global class; undefined, which none is, where the runtime does not have it. */
function prototypeOf(name: string): unknown {
  const { [name]: made } = globalThis as Readonly<Record<string, unknown>>;
  return typeof made === "function" ? made.prototype : undefined;
}
