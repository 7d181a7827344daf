/**
 * A text that is equal for equal values, and only for these: of the same classes, with the same order of keys, the same holes, and
 * the same objects in more than one place.
 */
export function canonical(value: unknown): string {
  const ids = new Map<object, number>();
  const write = (one: unknown): string => {
    if (typeof one === "bigint") return `${one}n`;
    if (Object.is(one, -0)) return "-0";
    if (typeof one === "string")
      return one.length > 10_000 ? `text of ${one.length}` : JSON.stringify(one);
    if (typeof one !== "object" || one === null) return String(one);
    const known = ids.get(one);
    if (known !== undefined) return `#${known}`;
    ids.set(one, ids.size);
    const { constructor } = one;
    return `${constructor.name}(${content(one)})`;
  };
  const properties = (one: object): string =>
    Object.keys(one)
      .map((key) => `${key}: ${write(Reflect.get(one, key))}`)
      .join(", ");
  const content = (one: object): string => {
    if (one instanceof Map)
      return [...one].map(([k, v]) => `${write(k)} => ${write(v)}`).join(", ");
    if (one instanceof Set) return Array.from(one, write).join(", ");
    if (one instanceof Date) return String(one.getTime());
    if (one instanceof Error) return `${one.name}, ${one.message}, ${write(one.cause)}`;
    if (one instanceof RegExp) return String(one);
    if (one instanceof ArrayBuffer)
      return Array.from(new Uint8Array(one.slice(0)), (byte) => byte.toString(16)).join(" ");
    if (ArrayBuffer.isView(one)) return bytes(one);
    if (one instanceof DataView) return bytes(one);
    if (one instanceof Object.getPrototypeOf(Uint8Array)) return bytes(one as Uint8Array);
    if (Array.isArray(one)) return `${one.length}; ${properties(one)}`;
    const primitive: unknown = one.valueOf();
    return primitive === one ? properties(one) : write(primitive);
  };
  const bytes = (one: ArrayBufferView): string =>
    `${one.byteOffset}, ${one.byteLength}, ${write(one.buffer)}`;
  return write(value);
}
