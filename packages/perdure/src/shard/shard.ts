/** A shard: calls of its functions, one total order of its commits, and what each changes for its live queries. */

import type { Clock, Sql } from "../object/index.ts";
import { canonicalJson, Commands, storeRefusal } from "../object/index.ts";
import { errorOf, PerdureError } from "../protocol/index.ts";
import { Analyses } from "./analysis.ts";
import type { ShardHistory } from "./commit-log.ts";
import { CommitLog } from "./commit-log.ts";
import type { Footprint } from "./footprint.ts";
import { RowSet } from "./footprint.ts";
import { LiveQueries } from "./live-queries.ts";
import type { Question } from "./query-runner.ts";
import { QueryRunner, synchronous } from "./query-runner.ts";
import type { LiveQuery } from "./query-table.ts";
import type {
  ShardAnswer,
  ShardCommit,
  ShardRequest,
  Subscribed,
  SubscribeRequest,
} from "./requests.ts";
import type {
  FoundFunction,
  ShardFunctions,
  ShardIdentity,
  ShardMutation,
} from "./shard-functions.ts";
import { checkedArgs } from "./shard-functions.ts";
import type { ShardLimits } from "./shard-limits.ts";
import { SHARD_LIMITS } from "./shard-limits.ts";
import type { MutationSql } from "./tracked-sql.ts";
import { mutationSql } from "./tracked-sql.ts";
import { prepared } from "./version.ts";

/** More than a shard can commit: where no commit is stored, positions go on from the time, past those of an earlier memory. */
const POSITIONS_PER_MS = 1_000;

/** What a shard is made of. */
export interface ShardOptions {
  /** With `SHARD_MIGRATIONS`, `COMMAND_MIGRATIONS` and the app's own tables. */
  readonly sql: Sql;
  readonly clock: Clock;
  readonly functions: ShardFunctions;
  /** The `queryId` of each subscription that has outlived the object's memory; as often as there are subscribers. */
  readonly subscribed?: Iterable<number>;
  /** Another one whenever functions may answer something else than before. Their texts and the schema are looked at anyway. */
  readonly version?: string;
  /** What becomes of commits. Default: `stored`. */
  readonly history?: ShardHistory | undefined;
  /** A commit stands. Nothing may be written here; what it throws comes to whoever called. */
  readonly onCommit?: (commit: ShardCommit) => void;
  /** Each that is missing is that of `SHARD_LIMITS`. */
  readonly limits?: Partial<ShardLimits>;
}

/** A commit that is being made. */
interface OpenCommit {
  readonly position: number;
  readonly writes: RowSet;
  /** Whether anything ran that takes a position. */
  isNeeded: boolean;
}

/** One shard, over its database. It writes in transactions of its own: call it in none, so that memory and database agree. */
export class Shard {
  /** Names the order of its commits: another text for other storage. */
  readonly history: string;
  readonly #sql: Sql;
  readonly #functions: ShardFunctions;
  readonly #onCommit: (commit: ShardCommit) => void;
  readonly #analyses: Analyses;
  readonly #commands: Commands;
  readonly #runner: QueryRunner;
  readonly #log: CommitLog;
  readonly #live: LiveQueries;

  constructor(options: ShardOptions) {
    const { sql, clock, functions, subscribed = [], onCommit = () => {}, version = "" } = options;
    const limits = { ...SHARD_LIMITS, ...options.limits };
    const { seed, history, isChanged } = prepared(sql, functions, version);
    this.history = history;
    this.#sql = sql;
    this.#functions = functions;
    this.#onCommit = onCommit;
    this.#analyses = new Analyses(sql);
    this.#commands = new Commands(sql, clock);
    this.#runner = new QueryRunner(sql, this.#analyses, functions, { limits, seed });
    const isInMemory = options.history === "memory";
    this.#log = new CommitLog(sql, limits, isInMemory ? clock.now() * POSITIONS_PER_MS : undefined);
    const parts = { sql, clock, runner: this.#runner, log: this.#log };
    this.#live = new LiveQueries(parts, limits, subscribed);
    if (isChanged) this.#live.touchAll();
  }

  /** The position of the last commit; 0 before the first. */
  get position(): number {
    return this.#log.head;
  }

  /**
   * Calls a function.
   *
   * @throws PerdureError `not_found`, `bad_request` for arguments that do not fit, `id_reused`, `command_expired`, `too_large`. What a
   * handler throws is thrown as it comes, and undoes what it wrote.
   */
  call(request: ShardRequest, identity: ShardIdentity | null): ShardAnswer {
    const found = this.#functions.find(request.functionPath);
    if (found.declared.kind === "query") return this.#read(found, request, identity);
    return this.#commit((commit) => this.#invoke(request, identity, commit));
  }

  /**
   * Calls functions in one transaction, which is one commit: all of them have their effect, or none.
   *
   * @returns An answer for each, in order.
   * @throws As `call` does, for the first that fails.
   */
  batch(requests: readonly ShardRequest[], identity: ShardIdentity | null): readonly ShardAnswer[] {
    return this.#commit((commit) =>
      requests.map((request) => this.#invoke(request, identity, commit)),
    );
  }

  /** Writes for the object itself, in a commit: what is written past the shard is not seen by its live queries. */
  write<T>(work: (sql: MutationSql) => T): T {
    return this.#commit((commit) => {
      commit.isNeeded = true;
      return synchronous(work(this.#sqlOf(commit.writes)), "a write");
    });
  }

  /**
   * Makes a query live for one more subscriber.
   *
   * @throws PerdureError `not_found`, `bad_request`, `too_large`, `too_many_queries`. What the handler throws is thrown as it comes.
   */
  subscribe(request: SubscribeRequest, identity: ShardIdentity | null): Subscribed {
    const found = this.#functions.find(request.functionPath);
    const { declared } = found;
    if (declared.kind !== "query")
      throw new PerdureError("bad_request", `${found.path} is a mutation; subscribe to a query.`);
    checkedArgs(found, request.args ?? null);
    const question = questionOf(found, request.args, identity);
    const query = this.#live.find(question) ?? this.#live.create(question);
    if (query.isTouched) this.refresh(query);
    const start = this.#startOf(query, request.since);
    this.#live.listen(query);
    return { queryId: query.id, position: this.position, key: declared.key, start };
  }

  /** One subscriber less. */
  unsubscribe(queryId: number): void {
    this.#live.leave(queryId);
  }

  /**
   * Forgets queries that nobody has listened to for `idleMs`.
   *
   * @returns When to call again, in milliseconds since 1970; undefined where no query waits.
   */
  forgetIdle(): number | undefined {
    return this.#live.forgetIdle();
  }

  /** Whether subscribers have outlived a change of functions or schema: `refresh` tells them. */
  get isStale(): boolean {
    return this.#live.isStale;
  }

  /** Runs queries that may answer something else since memory is new, in a commit of their own. */
  refresh(also?: LiveQuery): void {
    this.#commit((commit) => {
      commit.isNeeded = true;
    }, also);
  }

  // -------------------------------------------------------------------------------------------- inside

  #commit<T>(work: (commit: OpenCommit) => T, also?: LiveQuery): T {
    const commit: OpenCommit = {
      position: this.position + 1,
      writes: new RowSet(),
      isNeeded: false,
    };
    this.#live.recall();
    const { value, staged } = this.#transaction(() => {
      const value = work(commit);
      const changed: Footprint = commit.writes.all();
      const staged = commit.isNeeded ? this.#live.stage(changed, commit.position, also) : undefined;
      return { value, staged };
    });
    if (staged === undefined) return value;
    this.#live.keep(staged);
    this.#onCommit({ position: staged.position, changes: staged.changes });
    return value;
  }

  /** Runs work in a transaction. A refusal that is an answer for good is stored when what came before it is undone. */
  #transaction<T>(work: () => T): T {
    try {
      return this.#sql.transaction(work);
    } catch (error) {
      const reply = this.#sql.transaction(() => storeRefusal(error));
      throw reply.ok ? error : errorOf(reply.error);
    }
  }

  #invoke(request: ShardRequest, identity: ShardIdentity | null, commit: OpenCommit): ShardAnswer {
    const { functionPath, args = null, id } = request;
    const found = this.#functions.find(functionPath);
    const { path, declared } = found;
    if (declared.kind === "query") return this.#read(found, request, identity);
    const effect = () => {
      commit.isNeeded = true;
      const value = this.#run(found, declared, { args, identity, writes: commit.writes });
      return { ok: true, result: { value, position: commit.position } } as const;
    };
    if (id === undefined) return effect().result;
    const command = { functionPath: path, args };
    const reply = this.#commands.once<ShardAnswer>(id, identity?.subject ?? "", command, effect);
    if (!reply.ok) throw errorOf(reply.error);
    return reply.result;
  }

  #run(
    found: FoundFunction,
    declared: ShardMutation,
    call: { args: unknown; identity: ShardIdentity | null; writes: RowSet },
  ): unknown {
    const value = declared.run({
      sql: this.#sqlOf(call.writes),
      // A handler takes what its own schema makes.
      args: checkedArgs(found, call.args) as never,
      identity: call.identity,
    });
    return synchronous(value, found.path) ?? null;
  }

  #sqlOf(writes: RowSet): MutationSql {
    return mutationSql(this.#sql, this.#analyses, writes, (table) => this.#live.columnsOf(table));
  }

  #read(found: FoundFunction, { args }: ShardRequest, identity: ShardIdentity | null): ShardAnswer {
    const value = this.#runner.value(questionOf(found, args, identity)) ?? null;
    return { value, position: this.position };
  }

  #startOf(query: LiveQuery, since: number | undefined): Subscribed["start"] {
    if (since === undefined) return { kind: "seed", text: this.#live.textOf(query) };
    if (since < query.knownSince || since > this.position)
      return { kind: "reset", text: this.#live.textOf(query) };
    return { kind: "changes", changes: this.#log.changesAfter(since, query.id) };
  }
}

function questionOf(
  { path, declared }: FoundFunction,
  args: unknown,
  identity: ShardIdentity | null,
): Question {
  const isShared = declared.kind === "query" && declared.isShared;
  return { path, args: canonicalJson(args), identity: canonicalJson(isShared ? null : identity) };
}
