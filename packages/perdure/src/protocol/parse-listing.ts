/** Parsing what is asked of a list. */

import { badFrame, integer, oneOf, string } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import type { ListFilter, ListOptions } from "./listing.ts";

/** Parses the argument of the query `sessions`. Throws `bad_frame`. */
export function parseListOptions(value: unknown): ListOptions {
  if (!isObject(value)) throw badFrame("what is asked of a list is a JSON object");
  return {
    ...(value["limit"] === undefined ? {} : { limit: integer(value, "limit") }),
    ...(value["before"] === undefined ? {} : { before: string(value, "before") }),
    ...parseListFilter(value),
  };
}

/** Parses the filter of a list. Throws `bad_frame`. */
export function parseListFilter(fields: JsonObject): ListFilter {
  return {
    ...(fields["lifecycle"] === undefined
      ? {}
      : { lifecycle: oneOf(fields, "lifecycle", LIFECYCLES) }),
    ...(fields["status"] === undefined ? {} : { status: oneOf(fields, "status", STATUSES) }),
  };
}

const LIFECYCLES = ["initializing", "active", "paused", "terminated"] as const;

const STATUSES = ["idle", "running", "stalled", "waiting"] as const;
