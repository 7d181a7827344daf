import { DurableStateStore, PersistedState } from "../../src/connection/state/index.ts";
import type { PersistedStateOptions, StateLayout } from "../../src/connection/state/index.ts";
import { BaseDO } from "../../src/object/index.ts";

/** A state that holds anything. */
export type AnyState = Record<string, unknown>;

/** What is deployed: the next instance of an object begins with it. */
export const deployed: {
  options: Omit<PersistedStateOptions<AnyState>, "store">;
  layout: StateLayout;
} = { options: { initial: {} }, layout: {} };

/** Keeps a state, and nothing else. */
export class StateDO extends BaseDO {
  readonly persisted = new PersistedState<AnyState>({
    ...deployed.options,
    store: new DurableStateStore(this.ctx.storage, deployed.layout),
  });

  get state(): AnyState {
    return this.persisted.proxy;
  }

  get storage(): DurableObjectStorage {
    return this.ctx.storage;
  }

  /** Rows that were inserted, changed or deleted since the object woke, by SQL and by the key-value storage. */
  get rowsWritten(): number {
    return Number(this.ctx.storage.sql.exec("SELECT total_changes() AS rows").one()["rows"]);
  }
}
