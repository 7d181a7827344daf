import type { Clock, Link, Sql, Timers } from "../object/index.ts";
import type { Task } from "../protocol/index.ts";
import type { GatewayPolicy } from "./gateway-policy.ts";
import type { Lifetime } from "./lifetime.ts";
import type { TurnHost } from "./local-turns.ts";
import type { MetaSchema } from "./metadata.ts";
import type { Retention } from "./retention.ts";
import type { SessionListing } from "./rpc.ts";

/** What a session needs from where it runs. */
export interface SessionHost {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A new value whenever memory is new: readers drop what an earlier one showed and did not store. */
  readonly incarnation: string;
  /** Where runners are to be had. */
  readonly gateways: GatewayPolicy;
  links(): readonly Link[];
  /** What runs the session's turns in the object; undefined where a runner does. */
  readonly turns?: TurnHost | undefined;
  /** See `CommitHost.sync`. */
  sync(): Promise<void>;
  /**
   * Memory cannot be trusted any more, because not everybody could be told of what was written: end the object, so that the
   * next incarnation begins from storage.
   */
  abort(error: unknown): void;
  /** How long sessions of this class go on by themselves; for ever by default. */
  lifetime?(): Lifetime;
  /** What of it is kept; everything by default. */
  retention?(): Retention;
  /** Whether the text of messages is indexed. */
  readonly isSearchable: boolean;
  /** What metadata must be; undefined where it may be anything. */
  metaSchema(): MetaSchema | undefined;
  /** Whether people who read a session may know of each other; yes by default. */
  showsPeople?(): boolean;
  /** The session has moved to another state, and the log says so. Must not throw. */
  onLifecycle?(state: "active" | "paused" | "terminated"): void;
  /** A task of the application is due. Called at least once. */
  onTaskDue(task: Task): void | Promise<void>;
  /** Tells the list of an owner; see `SessionIndexRpc.upsert`. Rejects where it was not told. */
  tellList(owner: string, listing: SessionListing, version: number): Promise<void>;
}
