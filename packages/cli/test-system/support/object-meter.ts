/** What the objects of a Worker cost, as the platform counts it. It outlives their memory: one process, one count. */

import type { Costs } from "./costs.ts";

const metered = new Map<string, Costs>();

/** What an object has cost so far. */
export function costsOf(id: DurableObjectId): Costs {
  const known = metered.get(id.toString());
  if (known !== undefined) return known;
  const costs: Costs = { read: 0, written: 0, alarms: 0 };
  metered.set(id.toString(), costs);
  return costs;
}

/** Counts from now on. Call it before anything uses the storage. */
export function meter({ id, storage }: DurableObjectState): void {
  const costs = costsOf(id);
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  // The last statement's cursor: its counts are final once it was read to its end, as every one here is at once.
  let last: { rowsRead: number; rowsWritten: number } | undefined;
  const settle = () => {
    costs.read += last?.rowsRead ?? 0;
    costs.written += last?.rowsWritten ?? 0;
    last = undefined;
  };
  Object.defineProperty(sql, "exec", {
    value: (query: string, ...bindings: unknown[]) => {
      settle();
      const cursor = exec(query, ...bindings);
      last = cursor;
      // What runs next may be long after; by then the counts must be in.
      queueMicrotask(settle);
      return cursor;
    },
  });
  for (const method of ["setAlarm", "deleteAlarm"] as const) {
    const original = storage[method].bind(storage) as (...args: unknown[]) => Promise<void>;
    Object.defineProperty(storage, method, {
      value: (...args: unknown[]) => {
        costs.alarms += 1;
        return original(...args);
      },
    });
  }
}
