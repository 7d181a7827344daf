/** JSON in a column, or out of line where it is too large for a row. */

import type { ContentStore } from "../log/index.ts";

/** UTF-16 units above which a value goes out of line: three bytes each still make less than 1 MB. */
const LARGE_LENGTH = 256 * 1024;

/** What tables refer to outlives the log's retention. */
const FOR_EVER = { position: Number.MAX_SAFE_INTEGER, room: undefined };

/** The row that a value is stored for, where the row may be forgotten. */
export interface Owner {
  readonly position: number;
  readonly room: string | undefined;
}

/** No JSON begins with this, so a column tells by its first character what it holds: JSON, or the digest of JSON. */
const REFERENCE = "$";

/** What to store in a column for a value. */
export function inlineOrPut(
  content: ContentStore,
  value: unknown,
  owner: Owner = FOR_EVER,
): string {
  const json = JSON.stringify(value);
  if (json.length <= LARGE_LENGTH) return json;
  return REFERENCE + content.put(json, owner.position, owner.room);
}

/** The value that `inlineOrPut` was given. */
export function parseColumn(content: ContentStore, column: string): unknown {
  return JSON.parse(column.startsWith(REFERENCE) ? content.get(column.slice(1)) : column);
}
