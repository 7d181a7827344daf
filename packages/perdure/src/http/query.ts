/** Parameters of a query string. */

import { badRequest } from "./body.ts";

/** A whole number from 0, or undefined where there is none. Throws `bad_request`. */
export function wholeNumber(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number))
    throw badRequest(`\`${name}\` must be a whole number from 0`);
  return number;
}
