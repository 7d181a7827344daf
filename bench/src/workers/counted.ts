/** Rows that an object writes, as the platform bills them: rows of SQLite, keys, and calls that move the alarm. */

/** Counts what goes through this storage from now on. */
export function countWrites(storage: DurableObjectStorage): () => number {
  let calls = 0;
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, "exec", {
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      cursors.push(cursor);
      return cursor;
    },
  });
  for (const method of ["put", "delete", "setAlarm", "deleteAlarm"] as const) {
    const original = storage[method].bind(storage) as (...given: unknown[]) => unknown;
    Object.defineProperty(storage, method, {
      value: (...given: unknown[]) => {
        calls += 1;
        return original(...given);
      },
    });
  }
  return () => calls + cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
}
