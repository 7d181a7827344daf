/** Parsing what is asked of a list, and what a list says. */

import { badFrame, integer, oneOf, parseObject, string } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { ListFilter, ListFrame, ListServerFrame } from "./listing.ts";

/** Parses a frame of a list's reader. Throws `bad_frame`. */
export function parseListFrame(text: string): ListFrame {
  const frame = parseObject(text);
  if (frame["t"] !== "hello") throw badFrame("the reader of a list says `hello` and nothing else");
  return {
    t: "hello",
    v: integer(frame, "v"),
    ...(frame["limit"] === undefined ? {} : { limit: integer(frame, "limit") }),
    ...(frame["before"] === undefined ? {} : { before: string(frame, "before") }),
    ...parseListFilter(frame),
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

/** Parses a frame of a list, whose contents are trusted; `undefined` where this version does not know its kind. Throws `bad_frame` for what is no JSON object. */
export function parseListServerFrame(text: string): ListServerFrame | undefined {
  const frame = parseObject(text);
  return SERVER_FRAMES.has(String(frame["t"])) ? (frame as unknown as ListServerFrame) : undefined;
}

const LIFECYCLES = ["initializing", "active", "paused", "terminated"] as const;

const STATUSES = ["idle", "running", "stalled", "waiting"] as const;

const SERVER_FRAMES = new Set(["sessions", "session", "removed", "error"]);
