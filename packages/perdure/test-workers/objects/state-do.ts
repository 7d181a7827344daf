import { DurableStateStore, PersistedState } from "../../src/connection/state/index.ts";
import type { PersistedStateOptions, StateLayout } from "../../src/connection/state/index.ts";
import { BaseDO } from "../../src/object/index.ts";

/** A state that holds anything. */
export type AnyState = Record<string, unknown>;

/** What a test deploys for an object. */
export interface Deployment extends Omit<PersistedStateOptions<AnyState>, "store"> {
  readonly layout?: StateLayout;
}

/** What is deployed, by the object's name: its next instance begins with it. */
export const deployed = new Map<string | undefined, Deployment>();

/** Keeps a state, and nothing else. */
export class StateDO extends BaseDO {
  readonly #deployed: Deployment = deployed.get(this.ctx.id.name) ?? { initial: {} };

  readonly persisted = new PersistedState<AnyState>({
    ...this.#deployed,
    store: new DurableStateStore(this.ctx.storage, this.#deployed.layout),
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
