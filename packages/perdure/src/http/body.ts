/** What the fields of a request's body are. */

import { badRequest } from "../object/index.ts";
import type { Command, JsonObject } from "../protocol/index.ts";
import { asRequest, parseCommand, parseId } from "../protocol/index.ts";

export { badRequest, parseJson, readJson, readText } from "../object/index.ts";

/** A command made of the fields of a body. What is wrong with it is the request's fault, not a frame's. */
export function commandOf(fields: JsonObject): Command {
  return asRequest(() => parseCommand(fields));
}

/** The id that the sender chose for its command, or a new one: without an id, sending again is another command. */
export function commandIdOf(body: JsonObject): string {
  const { id } = body;
  return id === undefined ? crypto.randomUUID() : asRequest(() => parseId(id));
}

/** A field that is a string of 1 to `maxLength` UTF-16 units, or absent. */
export function optionalText(
  body: JsonObject,
  field: string,
  maxLength: number,
): string | undefined {
  const value = body[field];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "" || value.length > maxLength)
    throw badRequest(`\`${field}\` must be a string of 1 to ${maxLength} characters`);
  return value;
}
