/** JSON in the types of RPC. */

/**
 * A JSON value as the platform's RPC types can carry it: they turn a method that returns `unknown` anywhere into `never`,
 * and give up on types that are recursive.
 */
export type JsonValue = string | number | boolean | null | object;

/** A type whose every `unknown` is a `JsonValue`. */
export type Serialized<T> = unknown extends T
  ? JsonValue
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Serialized<Item>[]
      : { readonly [Key in keyof T]: Serialized<T[Key]> };

/** The same value under its RPC type: what leaves an object is JSON. */
export function serialized<T>(value: T): Serialized<T> {
  return value as Serialized<T>;
}
