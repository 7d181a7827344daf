/** Metadata: what a change of it does. Everything is checked before anything is appended. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JsonObject } from "../protocol/index.ts";
import { isObject, MAX_META_BYTES, mergeMeta, PerdureError } from "../protocol/index.ts";
import type { SessionLog } from "./session-log.ts";

/** What the metadata of a class of sessions must be: any Standard Schema whose validation is synchronous. */
export type MetaSchema<Meta = unknown> = StandardSchemaV1<unknown, Meta>;

/** A change of metadata: null deletes a key, undefined leaves it. */
export type MetaPatch<Meta> = { readonly [Key in keyof Meta]?: Meta[Key] | null | undefined };

/**
 * Merges metadata shallowly; a null deletes its key. Where there is a schema the merged whole must fit it, and its output is
 * kept: keys that it fills are set, and keys of the patch that it drops are not. Answers the position. Throws `too_large`,
 * and `bad_request` with the schema's issues.
 */
export function setMeta(
  log: SessionLog,
  schema: MetaSchema | undefined,
  patch: JsonObject,
  by: string,
  at: number,
): number {
  const fitting = fittingPatch(log.state.meta, schema, patch);
  const merged = JSON.stringify(mergeMeta(log.state.meta, fitting));
  // UTF-8 has at most three bytes for each UTF-16 unit: count exactly only where it matters.
  if (merged.length * 3 > MAX_META_BYTES && utf8Length(merged) > MAX_META_BYTES)
    throw new PerdureError(
      "too_large",
      `All metadata together has at most ${MAX_META_BYTES} bytes.`,
    );
  return log.append({ type: "session.meta", patch: fitting, by, at });
}

/** The change after which metadata is nothing but `whole`. */
export function replacing(meta: JsonObject, whole: JsonObject): JsonObject {
  return { ...Object.fromEntries(Object.keys(meta).map((key) => [key, null])), ...whole };
}

/** Whether a schema takes a change. */
export function isFitting(
  meta: JsonObject,
  schema: MetaSchema | undefined,
  patch: JsonObject,
): boolean {
  try {
    fittingPatch(meta, schema, patch);
    return true;
  } catch (error) {
    if (error instanceof PerdureError) return false;
    throw error;
  }
}

function fittingPatch(
  meta: JsonObject,
  schema: MetaSchema | undefined,
  patch: JsonObject,
): JsonObject {
  if (schema === undefined) return patch;
  const output = validated(schema, mergeMeta(meta, patch));
  const deleted = Object.entries(patch).filter(
    ([key, value]) => value === null && key in meta && !(key in output),
  );
  const set = Object.entries(output).filter(
    ([key, value]) => JSON.stringify(meta[key]) !== JSON.stringify(value),
  );
  return Object.fromEntries([...deleted, ...set]);
}

function validated(schema: MetaSchema, merged: JsonObject): JsonObject {
  const result = schema["~standard"].validate(merged);
  if (result instanceof Promise)
    throw new TypeError("The schema of the metadata is asynchronous; give a synchronous one.");
  if (result.issues !== undefined) throw unfit(result.issues);
  const output: unknown = JSON.parse(JSON.stringify(result.value ?? null));
  if (!isObject(output))
    throw new TypeError("The schema of the metadata does not answer an object of keys and values.");
  return output;
}

function unfit(issues: readonly StandardSchemaV1.Issue[]): PerdureError {
  const found = issues.map(({ path = [], message }) => ({
    path: path.map((step) => String(typeof step === "object" ? step.key : step)),
    message,
  }));
  const why = found.map(({ path, message }) => `${path.join(".") || "all of it"}: ${message}`);
  return new PerdureError(
    "bad_request",
    `The metadata does not fit its schema: ${why.join("; ")}`,
    {
      issues: found,
    },
  );
}

const utf8Length = (text: string) => new TextEncoder().encode(text).length;
