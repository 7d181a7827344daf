/** The prototypes of typed arrays that this runtime has. */
const VIEWS: ReadonlySet<object> = new Set(
  [
    "Int8Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
  ].flatMap((name) => prototypeOf(name)),
);

/** The prototypes of errors that keep their class. */
const ERRORS: ReadonlySet<object> = new Set(
  [
    "Error",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
  ].flatMap((name) => prototypeOf(name)),
);

const BOXES: ReadonlySet<object> = new Set([
  Number.prototype,
  String.prototype,
  Boolean.prototype,
  BigInt.prototype,
]);

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

/** What an object is, by its class; undefined where it has one that storage would not give back. */
export function knownObject(value: object): KnownObject | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  const kind = typeof prototype === "object" ? kindOf(prototype) : undefined;
  // The prototype says what it is: the one cast that spares eleven checks.
  return kind === undefined ? undefined : ({ kind, value } as KnownObject);
}

function kindOf(prototype: object | null): KnownObject["kind"] | undefined {
  switch (prototype) {
    case null:
    case Object.prototype:
      return "object";
    case Array.prototype:
      return "array";
    case Map.prototype:
      return "map";
    case Set.prototype:
      return "set";
    case Date.prototype:
      return "date";
    case RegExp.prototype:
      return "regexp";
    case ArrayBuffer.prototype:
      return "buffer";
    case DataView.prototype:
      return "dataview";
    default:
      if (VIEWS.has(prototype)) return "view";
      if (ERRORS.has(prototype)) return "error";
      return BOXES.has(prototype) ? "box" : undefined;
  }
}

/** The prototype of a global class; none where the runtime does not have it. */
function prototypeOf(name: string): readonly object[] {
  const { [name]: constructor } = globalThis as Readonly<Record<string, unknown>>;
  return typeof constructor === "function" ? [constructor.prototype as object] : [];
}
