/** What a class keeps with each of its sessions: typed by a schema of the user's. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { badRequest } from "../object/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import { isObject, PerdureError } from "../protocol/index.ts";

/** The fields of a class of sessions: any Standard Schema whose validation is synchronous and which takes its own output. */
export type FieldsSchema<Fields = unknown> = StandardSchemaV1<unknown, Fields>;

/** Most bytes of the fields of a session, as JSON: they are read with every request. */
export const MAX_SESSION_FIELDS_BYTES = 4_096;

/** What to keep of given fields. Throws `bad_request` with `issues`, and `too_large`. */
export function fieldsToKeep(schema: FieldsSchema | undefined, given: unknown): JsonObject {
  if (schema === undefined) {
    if (given === undefined) return {};
    throw badRequest("these sessions have no fields: give the class a `fieldsSchema`");
  }
  const { value, issues } = validated(schema, given ?? {});
  if (issues !== undefined)
    throw new PerdureError(
      "bad_request",
      `The fields do not fit their schema: ${issues.map(({ path, message }) => `${path.join(".") || "all of it"}: ${message}`).join("; ")}`,
      { issues },
    );
  if (new TextEncoder().encode(JSON.stringify(value)).length > MAX_SESSION_FIELDS_BYTES)
    throw new PerdureError(
      "too_large",
      `The fields of a session have at most ${MAX_SESSION_FIELDS_BYTES} bytes of JSON.`,
    );
  return value;
}

/**
 * Fields as the schema has them today: it fills in what it did not have when they were stored. Throws `broken` where they do not
 * fit it any more.
 */
export function fieldsOf(schema: FieldsSchema | undefined, stored: JsonObject): JsonObject {
  if (schema === undefined) return {};
  const { value, issues } = validated(schema, stored);
  if (issues === undefined) return value;
  throw new PerdureError(
    "broken",
    "The fields of a stored session do not fit `fieldsSchema`: give new fields a default, or change what is stored by a migration.",
  );
}

interface Validated {
  readonly value: JsonObject;
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
}

function validated(schema: FieldsSchema, fields: unknown): Validated {
  const result = schema["~standard"].validate(fields);
  if (result instanceof Promise)
    throw new TypeError("The schema of the fields is asynchronous; give a synchronous one.");
  if (result.issues !== undefined)
    return {
      value: {},
      issues: result.issues.map(({ path = [], message }) => ({
        path: path.map((step) => String(typeof step === "object" ? step.key : step)),
        message,
      })),
    };
  const value: unknown = JSON.parse(JSON.stringify(result.value ?? null));
  if (!isObject(value)) throw new TypeError("The schema of the fields does not answer an object.");
  return { value };
}
