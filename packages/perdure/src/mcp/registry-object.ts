/** One registry: the sessions that it lists, and what is on its way to them. */

import type { Clock, Sql, Timers } from "../object/index.ts";
import { Broadcasts } from "./broadcasts.ts";
import { Registry } from "./registry.ts";
import type { SessionRpc } from "./rpc.ts";

/** What a registry needs of its object. */
export interface RegistryHost {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The object of a session. */
  session(id: string): Pick<SessionRpc, "deliver">;
  /** Calls the object itself, to no effect. */
  renew(): Promise<void>;
  /** Has the object live until a promise settles. */
  keepFor(work: Promise<unknown>): void;
}

/** A registry that is stored. */
export class RegistryObject extends Registry {
  readonly #host: RegistryHost;
  readonly #broadcasts: Broadcasts;

  constructor(host: RegistryHost) {
    super(host.sql);
    this.#host = host;
    this.#broadcasts = new Broadcasts({
      sql: host.sql,
      clock: host.clock,
      timers: host.timers,
      registry: this,
      deliver: (session, number, data) => host.session(session).deliver(number, data),
      renew: () => host.renew(),
    });
  }

  /** Sends to every session that it lists: stored when this returns, delivered after. */
  broadcast(data: string): void {
    if (this.#broadcasts.add(data)) this.#host.keepFor(this.#broadcasts.deliver());
  }

  /** `BROADCAST_TIMER` is due. */
  ring(): Promise<void> {
    return this.#broadcasts.retry();
  }
}
