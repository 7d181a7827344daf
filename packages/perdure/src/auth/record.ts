/** What an auth session is, and the bounds of everything in it. */

import { badRequest } from "../object/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import { MAX_SUBJECT_LENGTH } from "./token.ts";

/** How long a session is good where nothing else is asked for, in seconds: seven days. */
export const SESSION_DO_TTL_DEFAULT = 604_800;

/** The longest that may be asked for, in seconds: thirty days, as for every token that is asked for over a network. */
export const SESSION_DO_TTL_MAX = 2_592_000;

/** Sessions of one user in one object; a further one ends the oldest. */
export const MAX_SESSIONS_PER_USER = 100;

/** Shortest token, in characters: 16 of 64 possible ones are 96 bits. `createAuth` makes tokens of 256. */
export const MIN_SESSION_TOKEN_LENGTH = 16;

/** Longest token, in characters. */
export const MAX_SESSION_TOKEN_LENGTH = 512;

/** An entry in the storage of an auth session object. */
export interface SessionRecord {
  /** Whose session it is: 1 to 256 UTF-16 units. */
  userId: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Milliseconds since 1970 from which on the session is refused. */
  expiresAt: number;
}

/** A session with its id, which stays the same when its token is rotated, and which opens nothing. */
export interface StoredSession extends SessionRecord {
  /** A UUID. */
  readonly id: string;
  /** How long it is good after each use that slides it, in milliseconds. */
  readonly ttlMs: number;
  /** What the class keeps with it besides; `{}` where it keeps nothing. */
  readonly fields: JsonObject;
}

/** A session to create. */
export interface NewRecord {
  /** 16 to 512 printable ASCII characters without spaces, hard to guess. Only its hash is stored. */
  readonly token: string;
  /** 1 to 256 UTF-16 units. */
  readonly userId: string;
  /** 1 to 2,592,000; default 604,800. */
  readonly ttlSeconds?: number | undefined;
}

/** A token as it may be. Throws `bad_request`, and never repeats it. */
export function parseSessionToken(value: unknown): string {
  const isToken =
    typeof value === "string" &&
    value.length >= MIN_SESSION_TOKEN_LENGTH &&
    value.length <= MAX_SESSION_TOKEN_LENGTH &&
    /^[\x21-\x7e]+$/.test(value);
  if (!isToken)
    throw badRequest(
      `a token is ${MIN_SESSION_TOKEN_LENGTH} to ${MAX_SESSION_TOKEN_LENGTH} printable ASCII characters without spaces`,
    );
  return value;
}

/** A user's id as it may be. Throws `bad_request`. */
export function parseUserId(value: unknown): string {
  if (typeof value !== "string" || value === "" || value.length > MAX_SUBJECT_LENGTH)
    throw badRequest(`\`userId\` is a string of 1 to ${MAX_SUBJECT_LENGTH} characters`);
  return value;
}

/** How long a session is to be good, in seconds; undefined where nothing is said. Throws `bad_request`. */
export function parseTtl(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const isTtl = typeof value === "number" && Number.isSafeInteger(value) && value > 0;
  if (!isTtl || value > SESSION_DO_TTL_MAX)
    throw badRequest(`\`ttlSeconds\` is a whole number from 1 to ${SESSION_DO_TTL_MAX}`);
  return value;
}
