/** Parsing what is asked of a list, and what a list says. */

import { PerdureError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import type { ListFilter, ListFrame, ListServerFrame } from "./listing.ts";

const LIFECYCLES = ["initializing", "active", "paused", "terminated"] as const;

const STATUSES = ["idle", "running", "stalled", "waiting"] as const;

const SERVER_FRAMES = new Set(["sessions", "session", "removed", "error"]);

/** Parses a frame of a list's reader. Throws `bad_frame`. */
export function parseListFrame(text: string): ListFrame {
  const frame = parseObject(text);
  const { t, v, limit, before } = frame;
  if (t !== "hello") throw badFrame("the reader of a list says `hello` and nothing else");
  if (!Number.isSafeInteger(v)) throw badFrame("`v` must be a whole number");
  if (limit !== undefined && !Number.isSafeInteger(limit))
    throw badFrame("`limit` must be a whole number");
  if (before !== undefined && typeof before !== "string")
    throw badFrame("`before` must be a string");
  return {
    t,
    v: v as number,
    ...(limit === undefined ? {} : { limit: limit as number }),
    ...(before === undefined ? {} : { before }),
    ...parseListFilter(frame),
  };
}

/** Parses the filter of a list. Throws `bad_frame`. */
export function parseListFilter({ lifecycle, status }: JsonObject): ListFilter {
  return {
    ...(lifecycle === undefined ? {} : { lifecycle: oneOf("lifecycle", lifecycle, LIFECYCLES) }),
    ...(status === undefined ? {} : { status: oneOf("status", status, STATUSES) }),
  };
}

/** Parses a frame of a list, whose contents are trusted; `undefined` where this version does not know its kind. */
export function parseListServerFrame(text: string): ListServerFrame | undefined {
  const frame = parseObject(text);
  return SERVER_FRAMES.has(String(frame["t"])) ? (frame as unknown as ListServerFrame) : undefined;
}

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badFrame("a frame is JSON");
  }
  if (!isObject(value)) throw badFrame("a frame is a JSON object");
  return value;
}

function oneOf<T extends string>(field: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw badFrame(`\`${field}\` must be one of ${allowed.join(", ")}`);
  return found;
}

const badFrame = (why: string) =>
  new PerdureError("bad_frame", `The frame was not understood: ${why}.`);
