/** Rows that an object writes, as the platform bills them: rows of SQLite, keys, and calls that move the alarm. */

/** By object; outside of any, so that an object that leaves memory meanwhile goes on counting when it is back. */
const counts = new Map<string, number>();

/** Counts what goes through an object's storage from now on. */
export function countWrites({ id, storage }: DurableObjectState): () => number {
  const count = () => counts.get(id.toString()) ?? 0;
  const add = (rows: number) => counts.set(id.toString(), count() + rows);
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, "exec", {
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      // A statement has written everything by its first step.
      add(cursor.rowsWritten);
      return cursor;
    },
  });
  for (const method of ["put", "delete", "setAlarm", "deleteAlarm"] as const) {
    const original = storage[method].bind(storage) as (...given: unknown[]) => unknown;
    Object.defineProperty(storage, method, {
      value: (...given: unknown[]) => {
        add(1);
        return original(...given);
      },
    });
  }
  return () => {
    // Once nobody holds this `sql` the platform makes another, which counts nothing.
    if (storage.sql !== sql) throw new Error("Rows went uncounted.");
    return count();
  };
}
