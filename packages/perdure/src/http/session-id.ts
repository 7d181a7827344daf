/** Ids of sessions: part of a path, a name of an object, and typed by people. */

import { badRequest } from "./body.ts";

const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Parses an id: 1 to 64 letters, digits, `_` and `-`. Throws `bad_request`. */
export function parseSessionId(value: unknown): string {
  if (typeof value !== "string" || !SESSION_ID.test(value))
    throw badRequest("a session's id is 1 to 64 letters, digits, underscores and hyphens");
  return value;
}

/** A new id (UUIDv7, RFC 9562): unique, and in a list by id the newest is last. */
export function newSessionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  const now = Date.now();
  view.setUint32(0, Math.floor(now / 0x1_0000));
  view.setUint16(4, now % 0x1_0000);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
