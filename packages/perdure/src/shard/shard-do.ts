import type { Connection, Link, Schema, Serialized } from "../object/index.ts";
import { BaseDO, connectionOf, serialized, systemClock } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { SocketShard } from "./blank-shard.ts";
import { BlankShard } from "./blank-shard.ts";
import { CallLimits } from "./call-limits.ts";
import type { ShardHistory } from "./commit-log.ts";
import type { ShardAnswer, ShardRequest } from "./requests.ts";
import type { OwnShard, ShardResult, ShardRpc } from "./rpc.ts";
import { ROOT_DO_SIZE_WARN_BYTES, ROOT_SHARD_NAME } from "./rpc.ts";
import { SHARD_MIGRATIONS } from "./schema.ts";
import type { ShardFunctions, ShardIdentity } from "./shard-functions.ts";
import { defineShard } from "./shard-functions.ts";
import type { ShardLimits } from "./shard-limits.ts";
import { isShardSocketMeta, ShardSockets } from "./shard-sockets.ts";
import { Shard } from "./shard.ts";
import { toldProblem } from "./told-problem.ts";

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

  /** What becomes of commits; `stored` by default. With `memory` a commit writes no row of its own. */
  static readonly history: ShardHistory = "stored";

  /** Bounds of its queries and of what it keeps; each that is missing is that of `SHARD_LIMITS`. */
  static readonly limits: Partial<ShardLimits> = {};

  protected static override readonly schemas: readonly Schema[] = [
    { owner: "shard", migrations: SHARD_MIGRATIONS },
  ];

  #callLimits: CallLimits | undefined;
  #shard: Shard | undefined;
  #blank: BlankShard | undefined;
  #sockets: ShardSockets | undefined;

  async call(
    request: ShardRequest,
    identity: ShardIdentity | null = null,
    sender?: string,
  ): Promise<Serialized<ShardResult<ShardAnswer>>> {
    return this.#answer(() => {
      this.#admit(sender, 1);
      this.#checkPath(request.functionPath);
      return this.#answering.call(request, identity);
    });
  }

  async batch(
    requests: readonly ShardRequest[],
    identity: ShardIdentity | null = null,
    sender?: string,
  ): Promise<Serialized<ShardResult<readonly ShardAnswer[]>>> {
    return this.#answer(() => {
      this.#admit(sender, requests.length);
      for (const { functionPath } of requests) this.#checkPath(functionPath);
      return this.#awake.batch(requests, identity);
    });
  }

  // -------------------------------------------------------------------------------------------- for subclasses

  /**
   * The shard. Methods of a subclass read with `this.sql` as they like, and write with `this.shard.write(…)`: what they write past it
   * is not seen by live queries.
   */
  protected get shard(): OwnShard {
    return this.#awake;
  }

  // -------------------------------------------------------------------------------------------- what the base asks for

  protected override identify(request: Request): Connection {
    const connection = connectionOf(request);
    if (connection.kind !== "shard" || !isShardSocketMeta(connection.meta))
      throw new PerdureError("forbidden", "This object takes connections of `shardRoutes`.");
    return connection;
  }

  protected override async serveMessage(link: Link, text: string): Promise<void> {
    this.#ownSockets.message(link, text, this.#answering);
    await this.onMessage(link, text);
  }

  protected override async serveDisconnect(link: Link, _code: number): Promise<void> {
    // Those who are gone without a word are found when the shard wakes.
    if (!this.isBlank) void this.#awake;
    this.#ownSockets.end(link);
    await this.onDisconnect(link);
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (name !== IDLE_TIMER) return this.onTimer(name, payload);
    const next = this.#awake.forgetIdle();
    if (next !== undefined) this.timers.set(IDLE_TIMER, next);
  }

  protected override largeStorageText(bytes: number, limit: number): string {
    if (this.ctx.id.name !== ROOT_SHARD_NAME) return super.largeStorageText(bytes, limit);
    return `perdure: the root shard stores ${bytes} bytes, and ${limit} are a lot for one object: divide it with \`.shardBy()\` of its definition.`;
  }

  // -------------------------------------------------------------------------------------------- inside

  get #functions(): ShardFunctions {
    return (this.constructor as typeof ShardDO).functions;
  }

  get #ownSockets(): ShardSockets {
    this.#sockets ??= new ShardSockets({
      clock: systemClock,
      functions: this.#functions,
      links: this.links,
      name: this.ctx.id.name,
      incarnation: this.incarnation,
      leave: (queryIds) => {
        if (this.isBlank) return;
        for (const queryId of queryIds) this.#awake.unsubscribe(queryId);
        this.#expectIdle(this.#awake);
      },
    });
    return this.#sockets;
  }

  /** Who answers: while nothing is stored, one that stores nothing where it need not. */
  get #answering(): SocketShard {
    if (!this.isBlank) return this.#awake;
    const queries = Object.values(this.#functions.queries);
    if (!queries.some(({ blank }) => blank !== undefined)) return this.#awake;
    this.#blank ??= new BlankShard(this.#functions, () => this.#awake);
    return this.#blank;
  }

  /** Made at first use: who subscribes is known from the sockets, and nothing runs again. */
  get #awake(): Shard {
    if (this.#shard !== undefined) return this.#shard;
    const sockets = this.#ownSockets;
    const shard = new Shard({
      sql: this.sql,
      clock: systemClock,
      functions: this.#functions,
      history: (this.constructor as typeof ShardDO).history,
      limits: (this.constructor as typeof ShardDO).limits,
      subscribed: sockets.queryIds,
      onCommit: (commit) => {
        sockets.tell(commit);
        this.checkSize();
      },
    });
    this.#shard = shard;
    sockets.adopt(shard);
    if (shard.isStale) shard.refresh();
    this.#expectIdle(shard);
    return shard;
  }

  /** Calls of one sender are bounded as frames of one socket are. */
  #admit(sender: string | undefined, calls: number): void {
    if (sender === undefined) return;
    this.#callLimits ??= new CallLimits(systemClock, this.limitsOf("shard"));
    this.#callLimits.admit(sender, calls);
  }

  /** Throws `not_found` before anything is stored for a function that does not exist. */
  #checkPath(functionPath: string): void {
    const functions = this.#functions;
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
    if (this.timers.dueAt(IDLE_TIMER) !== undefined) return;
    const next = shard.forgetIdle();
    if (next !== undefined) this.timers.set(IDLE_TIMER, next);
  }
}
