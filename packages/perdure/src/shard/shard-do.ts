import type { Schema, Serialized } from "../object/index.ts";
import { BaseDO, serialized, systemClock } from "../object/index.ts";
import { PerdureError, problemOf } from "../protocol/index.ts";
import type { ShardAnswer, ShardRequest } from "./requests.ts";
import type { ShardResult, ShardRpc } from "./rpc.ts";
import { ROOT_DO_SIZE_WARN_BYTES, ROOT_SHARD_NAME } from "./rpc.ts";
import { SHARD_MIGRATIONS } from "./schema.ts";
import type { ShardFunctions, ShardIdentity } from "./shard-functions.ts";
import { defineShard } from "./shard-functions.ts";
import { Shard } from "./shard.ts";

/** The timer that forgets queries to which nobody has listened for long. */
const IDLE_TIMER = "perdure:idle-queries";

/**
 * The object of one shard: a SQLite database, and the functions that an app declares over it. Any other method of a subclass can be
 * called by stub, and by nobody else.
 *
 * ```ts
 * export class Board extends ShardDO<Env> {
 *   static override readonly functions = board;
 *   static override readonly migrations = [{ version: 1, name: "tasks", up: "CREATE TABLE tasks (…)" }];
 * }
 * ```
 */
export class ShardDO<Env = unknown> extends BaseDO<Env> implements ShardRpc {
  /** What can be called from outside: `defineShard` makes it. Default: nothing. */
  static readonly functions: ShardFunctions = defineShard({});

  /** Bytes of storage past which a shard warns in its log, once after each wake; `ROOT_DO_SIZE_WARN_BYTES` by default. */
  static override readonly largeStorageBytes: number = ROOT_DO_SIZE_WARN_BYTES;

  protected static override readonly schemas: readonly Schema[] = [
    { owner: "shard", migrations: SHARD_MIGRATIONS },
  ];

  #shard: Shard | undefined;

  async call(
    request: ShardRequest,
    identity: ShardIdentity | null = null,
  ): Promise<Serialized<ShardResult<ShardAnswer>>> {
    return this.#answer(() => {
      this.#checkPath(request.functionPath);
      return this.shard.call(request, identity);
    });
  }

  async batch(
    requests: readonly ShardRequest[],
    identity: ShardIdentity | null = null,
  ): Promise<Serialized<ShardResult<readonly ShardAnswer[]>>> {
    return this.#answer(() => {
      for (const { functionPath } of requests) this.#checkPath(functionPath);
      return this.shard.batch(requests, identity);
    });
  }

  // -------------------------------------------------------------------------------------------- for subclasses

  /**
   * The shard. Methods of a subclass read with `this.sql` as they like, and write with `this.shard.write(…)`: what they write past it
   * is not seen by live queries.
   */
  protected get shard(): Shard {
    if (this.#shard !== undefined) return this.#shard;
    const { functions } = this.constructor as typeof ShardDO;
    this.#shard = new Shard({
      sql: this.sql,
      clock: systemClock,
      functions,
      onCommit: () => this.checkSize(),
    });
    this.#expectIdle(this.#shard);
    return this.#shard;
  }

  // -------------------------------------------------------------------------------------------- what the base asks for

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (name !== IDLE_TIMER) return this.onTimer(name, payload);
    const next = this.shard.forgetIdle();
    if (next !== undefined) this.timers.set(IDLE_TIMER, next);
  }

  protected override largeStorageText(bytes: number, limit: number): string {
    if (this.ctx.id.name !== ROOT_SHARD_NAME) return super.largeStorageText(bytes, limit);
    return `perdure: the root shard stores ${bytes} bytes, and ${limit} are a lot for one object: divide it with \`.shardBy()\` of its definition.`;
  }

  // -------------------------------------------------------------------------------------------- inside

  /** Throws `not_found` before anything is stored for a function that does not exist. */
  #checkPath(functionPath: string): void {
    const { functions } = this.constructor as typeof ShardDO;
    if (Object.keys({ ...functions.queries, ...functions.mutations }).length === 0)
      throw new PerdureError(
        "not_found",
        "This shard has no functions: declare some with `defineShard`, and set them as `static functions` of its class.",
      );
    functions.find(functionPath);
  }

  #answer<T>(work: () => T): Serialized<ShardResult<T>> {
    try {
      return serialized({ ok: true, value: work() } as const);
    } catch (error) {
      return serialized({ ok: false, error: toldProblem(error) } as const);
    }
  }

  /** Sees to it that queries to which nobody listens are forgotten in time. */
  #expectIdle(shard: Shard): void {
    const next = shard.forgetIdle();
    if (next !== undefined && this.timers.dueAt(IDLE_TIMER) === undefined)
      this.timers.set(IDLE_TIMER, next);
  }
}

/** The problem of anything thrown. What is not ours is told to the log alone. */
function toldProblem(error: unknown) {
  if (!(error instanceof PerdureError))
    console.error("perdure: a function of a shard failed", error);
  return problemOf(error);
}
