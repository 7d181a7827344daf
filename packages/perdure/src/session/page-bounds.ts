/** How much one page of a session's records holds. */

/** Most records in one answer. */
export const MAX_PAGE_RECORDS = 200;

/** Most UTF-16 units of records in one answer, unless one alone has more: RPC carries 32 MiB. */
const MAX_ANSWER_LENGTH = 4 * 1024 * 1024;

/** A limit that was asked for, within bounds. */
export function boundedLimit(limit: number): number {
  return Math.max(1, Math.min(MAX_PAGE_RECORDS, Math.floor(limit) || 1));
}

/** The first of these, up to a length of their JSON: one is always among them. What comes after is not read. */
export function takeWithin<Row, Item>(
  rows: Iterable<Row>,
  read: (row: Row) => Item,
  maxLength: number = MAX_ANSWER_LENGTH,
): Item[] {
  const items: Item[] = [];
  let length = 0;
  for (const row of rows) {
    const item = read(row);
    length += JSON.stringify(item).length;
    if (items.length > 0 && length > maxLength) break;
    items.push(item);
  }
  return items;
}
