/** Queries that somebody listens to: what each read and answered, kept over any loss of memory, and run again only when that changed. */

import type { Clock, Sql } from "../object/index.ts";
import type { QueryChange } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { CommitLog, StoredChange } from "./commit-log.ts";
import { digestAfter } from "./digest-replay.ts";
import type { Footprint } from "./footprint.ts";
import { FootprintIndex } from "./footprint-index.ts";
import type { Question, QueryRunner } from "./query-runner.ts";
import type { LiveQuery } from "./query-table.ts";
import { QueryTable } from "./query-table.ts";
import type { ResultDigest } from "./result.ts";
import type { ShardLimits } from "./shard-limits.ts";
import type { Staged, StagedRun } from "./staged.ts";
import { changeTo, unloggedRuns, withinUnits } from "./staged.ts";

type LiveQueryLimits = Pick<
  ShardLimits,
  "queries" | "idleMs" | "cachedUnits" | "cachedRows" | "commitUnits"
>;

/** The live queries of one shard. */
export class LiveQueries {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #runner: QueryRunner;
  readonly #log: CommitLog;
  readonly #table: QueryTable;
  readonly #byQuestion = new Map<string, LiveQuery>();
  readonly #index = new FootprintIndex<LiveQuery>();
  /** Those whose results may have changed since they ran. */
  readonly #touched: Set<LiveQuery>;
  readonly #texts: BoundedCache<string>;
  readonly #digests: BoundedCache<ResultDigest>;
  readonly #limits: LiveQueryLimits;

  constructor(
    parts: {
      readonly sql: Sql;
      readonly clock: Clock;
      readonly runner: QueryRunner;
      readonly log: CommitLog;
    },
    limits: LiveQueryLimits,
    listeners: Iterable<number>,
  ) {
    this.#sql = parts.sql;
    this.#clock = parts.clock;
    this.#runner = parts.runner;
    this.#log = parts.log;
    this.#limits = limits;
    this.#texts = new BoundedCache(limits.cachedUnits, ({ length }) => length);
    this.#digests = new BoundedCache(limits.cachedRows, (digest) =>
      typeof digest === "number" ? 1 : digest.size + 1,
    );
    this.#table = new QueryTable(parts.sql);
    for (const query of this.#table.all()) {
      // What it changed in earlier memories is not known.
      if (!this.#log.isStored) query.knownSince = this.#log.head;
      this.#remember(query);
    }
    for (const id of listeners) {
      const query = this.#table.get(id);
      if (query !== undefined) query.listeners += 1;
    }
    this.#touched = new Set([...this.#table.all()].filter(({ isTouched }) => isTouched));
    // An object may have lost its memory between the end of a socket and its note of that.
    for (const query of this.#table.all())
      if ((query.idleSince === null) !== query.listeners > 0) this.#setIdle(query);
  }

  /** Columns whose values have to be known of rows that are written. */
  columnsOf(table: string): readonly (readonly string[])[] {
    return this.#index.columnsOf(table);
  }

  /** Whether somebody listens to a query that may answer something else since memory is new. */
  get isStale(): boolean {
    return [...this.#touched].some(({ listeners }) => listeners > 0);
  }

  /** All queries may answer something else: their code or the schema has changed. */
  touchAll(): void {
    for (const query of this.#table.all()) {
      this.#table.update(query, { isTouched: true });
      this.#touched.add(query);
    }
  }

  // -------------------------------------------------------------------------------------------- subscriptions

  /** The live query of a question; undefined where it is none yet. */
  find(question: Question): LiveQuery | undefined {
    return this.#byQuestion.get(keyOf(question));
  }

  /** Makes a question live, at the head of the log. Throws what its handler throws, and `too_many_queries`. */
  create(question: Question): LiveQuery {
    const run = this.#runner.run(question);
    if (run.failure !== undefined) throw run.failure.error;
    this.#makeRoom();
    const { footprint, result } = run;
    const query = this.#table.insert(question, footprint, result.digest, this.#log.head);
    this.#remember(query);
    this.#digests.set(query.id, result.digest);
    this.#texts.set(query.id, result.text);
    return query;
  }

  /** The JSON of a query's result as it is now. Throws what its handler throws. */
  textOf(query: LiveQuery): string {
    const known = this.#texts.get(query.id);
    if (known !== undefined) return known;
    const { failure, result } = this.#runner.run(query);
    if (failure !== undefined) throw failure.error;
    this.#texts.set(query.id, result.text);
    return result.text;
  }

  /** Somebody listens. */
  listen(query: LiveQuery): void {
    query.listeners += 1;
    if (query.idleSince !== null) this.#setIdle(query);
  }

  /** Somebody listens no more. */
  leave(id: number): void {
    const query = this.#table.get(id);
    if (query === undefined || query.listeners === 0) return;
    query.listeners -= 1;
    if (query.listeners === 0) this.#setIdle(query);
  }

  /** Forgets queries that nobody has listened to for long; answers when to look again, undefined where none waits. */
  forgetIdle(): number | undefined {
    const now = this.#clock.now();
    let next: number | undefined;
    for (const query of this.#idleFirst()) {
      const due = (query.idleSince ?? now) + this.#limits.idleMs;
      if (due <= now) this.#forget(query);
      else next ??= due;
    }
    // Nobody can come back to any of it.
    if (this.#table.size === 0) this.#log.forget(this.#log.head - 1);
    return next;
  }

  // -------------------------------------------------------------------------------------------- commits

  /** Where no commit is stored: finds out what queries answered last, as long as that is what they answer. Call it before a commit. */
  recall(): void {
    if (this.#log.isStored) return;
    for (const query of this.#table.all())
      if (query.listeners > 0 && !query.isTouched && this.#digests.get(query.id) === undefined)
        this.#digests.set(query.id, this.#runner.run(query).result.digest);
  }

  /** Runs what a commit concerns and stores what changed. In its transaction; memory follows with `keep` when that stands. */
  stage(changed: Footprint, position: number, also: LiveQuery | undefined): Staged {
    const runs: StagedRun[] = [];
    const touched: LiveQuery[] = [];
    const changes: StoredChange[] = [];
    for (const query of this.#concerned(changed, also)) {
      if (query.listeners === 0 && query !== also) {
        touched.push(query);
        this.#table.store(query, { isTouched: true });
        continue;
      }
      const { footprint, result, failure } = this.#runner.run(query);
      const text = changeTo(this.#digestOf(query), result, failure !== undefined);
      if (text !== undefined) changes.push({ queryId: query.id, position, text });
      runs.push({ query, footprint, result, isFailed: failure !== undefined });
      this.#table.store(query, { isTouched: false, footprint });
    }
    const logged = withinUnits(changes, this.#limits.commitUnits);
    const units = this.#log.store(position, logged);
    const unlogged = unloggedRuns(runs, changes, logged);
    for (const { query, result } of unlogged)
      this.#table.storeDigest(query, result.digest, position, position);
    return { position, changes, logged, units, runs, unlogged, touched };
  }

  /** What was staged stands. */
  keep({ position, logged, units, runs, unlogged, touched }: Staged): void {
    this.#log.keep(position, logged, units);
    for (const query of touched) {
      query.isTouched = true;
      this.#touched.add(query);
    }
    for (const { query, footprint, result, isFailed } of runs) {
      query.isTouched = false;
      this.#touched.delete(query);
      this.#digests.set(query.id, result.digest);
      if (isFailed) this.#texts.delete(query.id);
      else this.#texts.set(query.id, result.text);
      this.#index.remove(query, query.footprint);
      query.footprint = footprint;
      this.#index.add(query, footprint);
    }
    for (const { query } of unlogged)
      Object.assign(query, { knownSince: position, checkpoint: position });
    this.#trim();
  }

  /** Queries that a change concerns, and those that have to run whatever changed. */
  #concerned(changed: Footprint, also: LiveQuery | undefined): ReadonlySet<LiveQuery> {
    const concerned = new Set(this.#index.meeting(changed));
    for (const query of this.#touched)
      if (query.listeners > 0) concerned.add(query);
      else concerned.delete(query);
    if (also !== undefined) concerned.add(also);
    return concerned;
  }

  /** What a query last answered: from memory, or from what is stored and the commits since. */
  #digestOf(query: LiveQuery): ResultDigest {
    const known = this.#digests.get(query.id);
    if (known !== undefined) return known;
    if (!this.#log.isStored) return UNKNOWN;
    const changes = this.#log
      .changesAfter(query.checkpoint, query.id)
      .map(({ text }) => JSON.parse(text) as QueryChange);
    const shape = { key: this.#runner.keyOf(query.path), seed: this.#runner.seed };
    const digest = digestAfter(this.#table.storedDigest(query), changes, shape);
    this.#digests.set(query.id, digest);
    return digest;
  }

  /** Keeps the log within its limits. What a query answered is stored before the commits go that say so. */
  #trim(): void {
    const upTo = this.#log.excess;
    if (upTo === undefined) return;
    const { head, isStored } = this.#log;
    const last = [...this.#log.lastChangesUpTo(upTo)].flatMap(([id, knownSince]) => {
      const query = this.#table.get(id);
      return query === undefined || knownSince <= query.knownSince ? [] : { query, knownSince };
    });
    this.#sql.transaction(() => {
      for (const { query, knownSince } of isStored ? last : [])
        if (query.checkpoint < knownSince)
          this.#table.storeDigest(query, this.#digestOf(query), head, knownSince);
        else this.#table.storeKnownSince(query, knownSince);
      this.#log.forget(upTo);
    });
    for (const { query, knownSince } of last) {
      if (query.checkpoint < knownSince) query.checkpoint = head;
      query.knownSince = knownSince;
    }
  }

  // -------------------------------------------------------------------------------------------- inside

  #remember(query: LiveQuery): void {
    this.#byQuestion.set(keyOf(query), query);
    this.#index.add(query, query.footprint);
  }

  #forget(query: LiveQuery): void {
    this.#table.delete(query);
    this.#byQuestion.delete(keyOf(query));
    this.#index.remove(query, query.footprint);
    this.#touched.delete(query);
    this.#texts.delete(query.id);
    this.#digests.delete(query.id);
  }

  #setIdle(query: LiveQuery): void {
    this.#table.update(query, { idleSince: query.listeners > 0 ? null : this.#clock.now() });
  }

  #idleFirst(): readonly LiveQuery[] {
    return [...this.#table.all()]
      .filter(({ idleSince }) => idleSince !== null)
      .toSorted((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0));
  }

  #makeRoom(): void {
    if (this.#table.size < this.#limits.queries) return;
    const [oldest] = this.#idleFirst();
    if (oldest === undefined)
      throw new PerdureError(
        "too_many_queries",
        `This shard has its ${this.#limits.queries} live queries; unsubscribe from some, or spread them over more shards.`,
      );
    this.#forget(oldest);
  }
}

/** The digest of an answer that is not known: it equals none. */
const UNKNOWN = Number.NaN;

function keyOf({ path, args, identity }: Question): string {
  return JSON.stringify([path, args, identity]);
}
