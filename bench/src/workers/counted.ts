/** Rows that an object writes, as the platform bills them: rows of SQLite, keys, and calls that move the alarm. */

interface Count {
  rows: number;
  /** Held on to: once nobody holds an object's `sql` the platform makes another, which counts nothing. */
  sql: SqlStorage;
}

/** By object; outside of any, so that an object that leaves memory meanwhile goes on counting when it is back. */
const counts = new Map<string, Count>();

/** Rows that an object has written so far. */
export function writtenBy(id: DurableObjectId): number {
  return counts.get(id.toString())?.rows ?? 0;
}

/** Counts what goes through an object's storage from now on: to be called before anything uses it. */
export function countWrites({ id, storage }: DurableObjectState): void {
  const { sql } = storage;
  const count = { rows: writtenBy(id), sql };
  counts.set(id.toString(), count);
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, "exec", {
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      // A statement has written everything by its first step.
      count.rows += cursor.rowsWritten;
      return cursor;
    },
  });
  for (const method of ["put", "delete", "setAlarm", "deleteAlarm"] as const) {
    const original = storage[method].bind(storage) as (...given: unknown[]) => unknown;
    Object.defineProperty(storage, method, {
      value: (...given: unknown[]) => {
        count.rows += 1;
        return original(...given);
      },
    });
  }
}
