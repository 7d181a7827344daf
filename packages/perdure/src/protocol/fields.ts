/**
 * Looking at the fields of what came in. Each of these throws `bad_frame`, which names the field and the shape of what was
 * wrong, never a string that was in it.
 */

import { PerdureError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import { MAX_ID_LENGTH } from "./limits.ts";

/** A text that is a JSON object. */
export function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isObject(value)) throw badFrame("a frame is a JSON object");
  return value;
}

/** A text that is JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badFrame("a frame is JSON");
  }
}

/** A whole number from 0. */
export function integer(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw badFrame(`\`${field}\` must be a whole number from 0, not ${shapeOf(value)}`);
  return value;
}

/** A string. */
export function string(object: JsonObject, field: string): string {
  const value = object[field];
  if (typeof value !== "string")
    throw badFrame(`\`${field}\` must be a string, not ${shapeOf(value)}`);
  return value;
}

/** One of a list of names. */
export function oneOf<const T extends string>(
  object: JsonObject,
  field: string,
  allowed: readonly T[],
): T {
  const value = object[field];
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw badFrame(`\`${field}\` must be one of ${allowed.join(", ")}`);
  return found;
}

/** Parses an id that a sender chose: 1 to 128 printable ASCII characters, no spaces. Throws `bad_frame`. */
export function parseId(value: unknown): string {
  if (typeof value !== "string" || value.length > MAX_ID_LENGTH || !/^[\x21-\x7e]+$/.test(value))
    throw badFrame(`an id is 1 to ${MAX_ID_LENGTH} printable ASCII characters without spaces`);
  return value;
}

/** Parses what came by a request: what is wrong with it is `bad_request`, and no frame's fault. */
export function asRequest<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof PerdureError) || error.code !== "bad_frame") throw error;
    throw new PerdureError("bad_request", error.message.replace("The frame", "The request"));
  }
}

/** A frame that was not understood. */
export const badFrame = (why: string) =>
  new PerdureError("bad_frame", `The frame was not understood: ${why}.`);

/** The name of a kind that is not known. */
export const nameOf = (value: unknown) =>
  typeof value === "string" && value.length <= LONGEST_NAME
    ? JSON.stringify(value)
    : shapeOf(value);

/** UTF-16 units of a name that an error repeats: twice the longest that there is. */
const LONGEST_NAME = 40;

/** What a value looks like, without its contents, which may be secret. */
function shapeOf(value: unknown): string {
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (typeof value === "number" || typeof value === "boolean" || value === null)
    return String(value);
  return Array.isArray(value) ? "a list" : value === undefined ? "nothing" : `an ${typeof value}`;
}
