/** What the queries of an object cost when it has grown. */

/** The `ctx.storage.sql` of a Durable Object, as far as it is needed here. */
export interface QueryStorage {
  exec(query: string, ...bindings: unknown[]): { toArray(): readonly unknown[] };
}

/**
 * Runs `work` and throws where one of its queries reads a whole table: with thousands of rows such a query is slow, and each row
 * that it reads is billed. The message has the query and SQLite's plan for it (`EXPLAIN QUERY PLAN`). Rows of a table in the order
 * of its key or of an index, up to a `LIMIT`, are no such thing.
 *
 * @param sql `storage.sql` of the object, inside `runInDurableObject` of `cloudflare:test`.
 * @param work What is to be watched; the storage is watched until it settles.
 */
export async function assertNoScans(sql: QueryStorage, work: () => unknown): Promise<void> {
  const seen = new Map<string, readonly unknown[]>();
  const original = sql.exec.bind(sql);
  sql.exec = (query, ...bindings) => {
    seen.set(query, bindings);
    return original(query, ...bindings);
  };
  try {
    await work();
  } finally {
    sql.exec = original;
  }
  const scans = [...seen].flatMap(([query, bindings]) => scansOf(sql, query, bindings));
  if (scans.length > 0)
    throw new Error(
      `These queries read a whole table: add an index on what they filter by.\n${scans.join("\n")}`,
    );
}

/** The steps of a query's plan that read a whole table, each with the query. */
function scansOf(sql: QueryStorage, query: string, bindings: readonly unknown[]): string[] {
  if (!/^\s*(select|with|update|delete|insert|replace)\b/i.test(query)) return [];
  const plan = sql
    .exec(`EXPLAIN QUERY PLAN ${query}`, ...bindings)
    .toArray()
    .map((step) => (step as { readonly detail: string }).detail);
  const isSorted = plan.some((detail) => detail.startsWith("USE TEMP B-TREE"));
  return plan
    .filter(
      (detail) => /^SCAN (?!CONSTANT ROW|\()/.test(detail) && !detail.includes("VIRTUAL TABLE"),
    )
    .filter((detail) => isSorted || !stopsEarly(query, detail))
    .map((detail) => `${detail}: ${query}`);
}

/** Whether a scan goes along the key or an index and ends at a limit, with nothing to pass over on its way. */
function stopsEarly(query: string, detail: string): boolean {
  if (!/\blimit\b/i.test(query)) return false;
  return / USING (COVERING )?INDEX /.test(detail) || !/\bwhere\b/i.test(query);
}
