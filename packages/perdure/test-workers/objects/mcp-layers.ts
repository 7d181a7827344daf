import { SyncLayer } from "../../src/mcp/index.ts";

/** Waits for a lost writer for a moment only, and expires soon. */
export class HastyLayer extends SyncLayer {
  static override readonly writerGraceMs = 50;
  static override readonly sessionIdleMs = 8_000;
}

/** Configured without SQLite, as its published predecessor was. */
export class PlainLayer extends SyncLayer {}

/** Keeps little. */
export class SmallLayer extends SyncLayer {
  static override readonly maxMessages = 16;
  static override readonly maxLength = 4_000;
}

/** What each object of `CountedLayer` has written, by its name. */
export const written = new Map<string, Writes>();

/** Rows that an object has written, as the platform bills them. */
export interface Writes {
  /** Rows of SQLite, those of indexes too. */
  rows: number;
  /** Calls that move the alarm: a row each. */
  alarms: number;
}

/** Once nobody holds an object's `sql` the platform makes another, which counts nothing. */
const held = new Set<SqlStorage>();

/** Counts what goes through its storage, before anything uses it. */
export class CountedLayer extends SyncLayer {
  constructor(ctx: DurableObjectState, env: unknown) {
    const { id, storage } = ctx;
    const count = written.get(id.name ?? "") ?? { rows: 0, alarms: 0 };
    written.set(id.name ?? "", count);
    const { sql } = storage;
    held.add(sql);
    const exec = sql.exec.bind(sql);
    Object.defineProperty(sql, "exec", {
      value: (query: string, ...bindings: SqlStorageValue[]) => {
        const cursor = exec(query, ...bindings);
        // A statement has written everything by its first step.
        count.rows += cursor.rowsWritten;
        return cursor;
      },
    });
    for (const method of ["setAlarm", "deleteAlarm"] as const) {
      const original = storage[method].bind(storage) as (...given: unknown[]) => Promise<void>;
      Object.defineProperty(storage, method, {
        value: (...given: unknown[]) => {
          count.alarms += 1;
          return original(...given);
        },
      });
    }
    super(ctx, env);
  }
}
