import type { SessionIndexRpc } from "../../src/session/index.ts";
import { SessionDO } from "../../src/session/index.ts";

/** Whether the lists of sessions can be reached. */
export const lists = { areAway: false };

/** What an object has cost, as the platform bills it. */
export interface Costs {
  readonly read: number;
  readonly written: number;
  /** Calls that move the alarm: a row each. */
  readonly alarms: number;
}

/** A session that tells what it costs, and whose flush a test can bring forward. */
export class CountedSessionDO extends SessionDO {
  readonly #alarms: { count: number };

  constructor(ctx: DurableObjectState, env: unknown) {
    const alarms = { count: 0 };
    const { storage } = ctx;
    for (const method of ["setAlarm", "deleteAlarm"] as const) {
      const original = storage[method].bind(storage) as (...args: unknown[]) => Promise<void>;
      Object.defineProperty(storage, method, {
        value: (...args: unknown[]) => {
          alarms.count += 1;
          return original(...args);
        },
      });
    }
    super(ctx, env);
    this.#alarms = alarms;
  }

  costs(): Costs {
    const { read, written } = this.sql.counts;
    return { read, written, alarms: this.#alarms.count };
  }

  protected override indexOf(owner: string): SessionIndexRpc | undefined {
    if (lists.areAway) throw new Error("the list is away");
    return super.indexOf(owner);
  }

  /** What the quiet second after an event does. */
  async flushNow(): Promise<void> {
    await this.session.trim(0);
  }
}
