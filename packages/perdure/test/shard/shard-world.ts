import type { Migration, Sql } from "../../src/object/index.ts";
import { COMMAND_MIGRATIONS, migrate } from "../../src/object/index.ts";
import type {
  ShardCommit,
  ShardFunctions,
  ShardHistory,
  ShardIdentity,
  ShardLimits,
  SubscribeRequest,
} from "../../src/shard/index.ts";
import { Shard, SHARD_MIGRATIONS } from "../../src/shard/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { Subscriber } from "./subscriber.ts";

/** A shard over a database of its own, whose memory can be lost, and its subscribers. */
export class ShardWorld {
  readonly sql: Sql;
  readonly clock = new FakeClock();
  readonly commits: ShardCommit[] = [];
  readonly subscribers = new Set<Subscriber>();
  limits: Partial<ShardLimits> = {};
  history: ShardHistory = "stored";
  functions: ShardFunctions;
  #shard: Shard | undefined;

  constructor(sql: Sql, functions: ShardFunctions, tables: string) {
    this.sql = sql;
    this.functions = functions;
    const app: Migration[] = [{ version: 1, name: "app", up: tables }];
    migrate(this.sql, [
      { owner: "commands", migrations: COMMAND_MIGRATIONS },
      { owner: "shard", migrations: SHARD_MIGRATIONS },
      { owner: "app", migrations: app },
    ]);
  }

  get shard(): Shard {
    return (this.#shard ??= new Shard({
      sql: this.sql,
      clock: this.clock,
      functions: this.functions,
      limits: this.limits,
      history: this.history,
      subscribed: [...this.subscribers].map(({ queryId }) => queryId),
      onCommit: (commit) => {
        this.commits.push(commit);
        for (const subscriber of this.subscribers) subscriber.hear(commit);
      },
    }));
  }

  /** What is subscribed stays so; all else that was in memory is gone. */
  loseMemory(): void {
    this.#shard = undefined;
    // Memory is not lost between two commits of the same millisecond.
    if (this.history === "memory") this.clock.advance(1_000);
  }

  /** Calls a mutation, and answers its position. */
  mutate(functionPath: string, args?: unknown, identity: ShardIdentity | null = null): number {
    return this.shard.call({ functionPath, args }, identity).position;
  }

  subscribe(request: SubscribeRequest, identity: ShardIdentity | null = null): Subscriber {
    const subscriber = new Subscriber(this.shard.subscribe(request, identity));
    this.subscribers.add(subscriber);
    return subscriber;
  }

  unsubscribe(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber);
    this.shard.unsubscribe(subscriber.queryId);
  }

  /** Rows of a table, or of a query. */
  rows(query: string): unknown[] {
    return this.sql.run(query).map((row) => ({ ...row }));
  }
}
