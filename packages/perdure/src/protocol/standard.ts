import type { StandardSchemaV1 } from "@standard-schema/spec";
import { PerdureError } from "./errors.ts";

/**
 * What a Standard Schema makes of data from outside.
 *
 * @param what What the data is, for the error: "The data of the event …".
 * @throws PerdureError `bad_request` where it does not fit, with `extra.issues`: a list of `{ path, message }`. TypeError for a
 * schema that is asynchronous.
 */
export function validated<Schema extends StandardSchemaV1>(
  schema: Schema,
  data: unknown,
  what: string,
): StandardSchemaV1.InferOutput<Schema>;
export function validated(schema: StandardSchemaV1, data: unknown, what: string): unknown {
  const result = schema["~standard"].validate(data);
  if (result instanceof Promise)
    throw new TypeError(`${what} has an asynchronous schema; give a synchronous one.`);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ path = [], message }) => ({
    path: path.map((step) => String(typeof step === "object" ? step.key : step)),
    message,
  }));
  const why = issues.map(({ path, message }) => `${path.join(".") || "all of it"}: ${message}`);
  throw new PerdureError("bad_request", `${what} does not fit its schema: ${why.join("; ")}`, {
    issues,
  });
}
