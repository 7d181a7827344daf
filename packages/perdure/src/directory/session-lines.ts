/** The query of a list: its lines by time, lifecycle and status. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Lifecycle, ListedSession, ListOptions, SessionListing } from "../protocol/index.ts";
import { errorOf, MAX_LIST_LINES, parseListOptions, problemOf } from "../protocol/index.ts";
import type { QuerySql, ShardDefinition, ShardQuery } from "../shard/index.ts";
import { defineShard, query } from "../shard/index.ts";

/** The path of the query. */
export const SESSIONS_QUERY = "queries.sessions";

/** Lines where nothing is said. */
const PAGE_LINES = 50;

const LIFECYCLES: readonly Lifecycle[] = ["initializing", "active", "paused", "terminated"];

/** What of a row of `sessions` is read. */
interface LineRow {
  readonly id: string;
  /** Its place among pages. */
  readonly sorted_at: number;
  /** The line as JSON. */
  readonly listing: string;
}

/** `ListOptions`, checked. */
const listOptions: StandardSchemaV1<ListOptions | null, ListOptions> = {
  "~standard": {
    version: 1,
    vendor: "perdure",
    validate(value) {
      try {
        return { value: parseListOptions(value ?? {}) };
      } catch (error) {
        return { issues: [{ message: errorOf(problemOf(error)).message }] };
      }
    },
  },
};

const sessions: ShardQuery<typeof listOptions, readonly ListedSession[]> = query({
  args: listOptions,
  shared: true,
  blank: [],
  handler: ({ sql, args }) => linesOf(sql, args),
});

/** The functions of a list. */
export const sessionDirectory: ShardDefinition<
  { readonly sessions: typeof sessions },
  Record<string, never>
> = defineShard({ queries: { sessions } });

/** So many lines, the last change first. Reads a number of rows that grows with them, not with the list. */
function linesOf(
  sql: QuerySql,
  { limit = PAGE_LINES, before, lifecycle, status }: ListOptions,
): readonly ListedSession[] {
  const lines = Math.max(1, Math.min(MAX_LIST_LINES, limit));
  const [sortedAt, id] = parseCursor(before);
  return queriesFor({ lifecycle, status })
    .flatMap(({ where, bindings }) =>
      sql.all<LineRow>(
        `SELECT id, sorted_at, listing FROM sessions WHERE ${where} AND (sorted_at, id) < (?, ?)
         ORDER BY sorted_at DESC, id DESC LIMIT ?`,
        ...bindings,
        sortedAt,
        id,
        lines,
      ),
    )
    .toSorted((a, b) => b.sorted_at - a.sorted_at || (a.id < b.id ? 1 : -1))
    .slice(0, lines)
    .map(({ listing, sorted_at: sortedAt }) => ({
      ...(JSON.parse(listing) as SessionListing),
      sortedAt,
    }));
}

/** One query for each index range that a page is merged from. */
export function queriesFor({
  lifecycle,
  status,
}: Pick<ListOptions, "lifecycle" | "status">): readonly {
  readonly where: string;
  readonly bindings: readonly string[];
}[] {
  if (status !== undefined && status !== "idle") {
    // Named as the index has it: SQLite does not see by itself that it holds.
    const where = "status = ? AND status <> 'idle'";
    return lifecycle === undefined
      ? [{ where, bindings: [status] }]
      : [{ where: `${where} AND lifecycle = ?`, bindings: [status, lifecycle] }];
  }
  const lifecycles = lifecycle === undefined ? LIFECYCLES : [lifecycle];
  // Few lines are not idle at any time, so they may be passed over.
  const where = status === undefined ? "lifecycle = ?" : "lifecycle = ? AND status = 'idle'";
  return lifecycles.map((one) => ({ where, bindings: [one] }));
}

/** The cursor behind a line. */
export function cursorOf({ sortedAt, id }: ListedSession): string {
  return `${sortedAt}.${id}`;
}

/** The place and the id of a cursor's line; any other text begins at the newest. */
function parseCursor(cursor: string | undefined): readonly [sortedAt: number, id: string] {
  const match = /^(\d+)\.(.+)$/.exec(cursor ?? "");
  return match?.[1] === undefined || match[2] === undefined
    ? [Number.MAX_SAFE_INTEGER, ""]
    : [Number(match[1]), match[2]];
}
