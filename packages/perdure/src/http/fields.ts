/** Fields of bodies and query strings. */

import { badRequest } from "./body.ts";

/** A whole number from 0, or undefined where there is none. Throws `bad_request`. */
export function wholeNumber(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number))
    throw badRequest(`\`${name}\` must be a whole number from 0`);
  return number;
}

/** One of some words, or undefined where there is none. Throws `bad_request`. */
export function oneOf<Word extends string>(
  value: string | undefined,
  name: string,
  words: readonly Word[],
): Word | undefined {
  if (value === undefined) return undefined;
  const word = words.find((one) => one === value);
  if (word === undefined) throw badRequest(`\`${name}\` is one of ${words.join(", ")}`);
  return word;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
