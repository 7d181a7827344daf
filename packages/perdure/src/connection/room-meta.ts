/** What a user joins a room with. */

import { canonicalJson } from "../object/index.ts";
import { isObject, MAX_ROOM_META_BYTES, PerdureError } from "../protocol/index.ts";

/** The canonical JSON of metadata. Throws where it is none or too large. */
export function metaJson(meta: object | null): string {
  if (meta !== null && !isObject(meta))
    throw new PerdureError("bad_request", "A member's metadata is a JSON object or null.");
  const json = canonicalJson(meta);
  if (new TextEncoder().encode(json).length > MAX_ROOM_META_BYTES)
    throw new PerdureError(
      "too_large",
      `A member's metadata has at most ${MAX_ROOM_META_BYTES} bytes as JSON: every member gets it.`,
    );
  return json;
}
