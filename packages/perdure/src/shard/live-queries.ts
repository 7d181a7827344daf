/** Queries that somebody listens to: what each read and answered, kept over any loss of memory, and run again only when that changed. */

import type { Clock, Sql } from "../object/index.ts";
import type { QueryChange } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { CommitLog, StoredChange } from "./commit-log.ts";
import type { Footprint } from "./footprint.ts";
import { FootprintIndex } from "./footprint-index.ts";
import type { Question, QueryRunner, Run } from "./query-runner.ts";
import type { LiveQuery } from "./query-table.ts";
import { QueryTable } from "./query-table.ts";
import { changeBetween, digestAfter } from "./result.ts";
import { TextCache } from "./text-cache.ts";

/** What a commit came to for the queries that it concerns. */
export interface Staged {
  readonly position: number;
  readonly changes: readonly StoredChange[];
  readonly runs: readonly { readonly query: LiveQuery; readonly run: Run }[];
  /** Queries that nobody listens to: they run when somebody does again. */
  readonly touched: readonly LiveQuery[];
}

/** The live queries of one shard. */
export class LiveQueries {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #runner: QueryRunner;
  readonly #log: CommitLog;
  readonly #table: QueryTable;
  readonly #byQuestion = new Map<string, LiveQuery>();
  readonly #index = new FootprintIndex<LiveQuery>();
  readonly #texts: TextCache;
  readonly #limits: { readonly queries: number; readonly idleMs: number };

  constructor(
    parts: {
      readonly sql: Sql;
      readonly clock: Clock;
      readonly runner: QueryRunner;
      readonly log: CommitLog;
    },
    limits: { readonly queries: number; readonly idleMs: number; readonly cachedUnits: number },
    listeners: Iterable<number>,
  ) {
    this.#sql = parts.sql;
    this.#clock = parts.clock;
    this.#runner = parts.runner;
    this.#log = parts.log;
    this.#limits = limits;
    this.#texts = new TextCache(limits.cachedUnits);
    this.#table = new QueryTable(parts.sql);
    for (const query of this.#table.all()) this.#remember(query);
    for (const id of listeners) {
      const query = this.#table.get(id);
      if (query !== undefined) query.listeners += 1;
    }
    // An object may have lost its memory between the end of a socket and its note of that.
    for (const query of this.#table.all())
      if ((query.idleSince === null) !== query.listeners > 0) this.#setIdle(query);
  }

  /** Columns whose values have to be known of rows that are written. */
  columnsOf(table: string): readonly (readonly string[])[] {
    return this.#index.columnsOf(table);
  }

  get(id: number): LiveQuery | undefined {
    return this.#table.get(id);
  }

  /** Whether somebody listens to a query that may answer something else since memory is new. */
  get isStale(): boolean {
    return this.#table.all().some(({ isTouched, listeners }) => isTouched && listeners > 0);
  }

  /** All queries may answer something else: their code or the schema has changed. */
  touchAll(): void {
    for (const query of this.#table.all()) this.#table.update(query, { isTouched: true });
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
    return next;
  }

  // -------------------------------------------------------------------------------------------- commits

  /** Runs what a commit concerns and stores what changed. In its transaction; memory follows with `keep` when that stands. */
  stage(changed: Footprint, position: number, also: LiveQuery | undefined): Staged {
    const runs: { query: LiveQuery; run: Run }[] = [];
    const touched: LiveQuery[] = [];
    const changes: StoredChange[] = [];
    for (const query of this.#concerned(changed, also)) {
      if (query.listeners === 0 && query !== also) {
        touched.push(query);
        continue;
      }
      const run = this.#runner.run(query);
      const before = this.#digestOf(query);
      const text =
        run.failure === undefined
          ? changeBetween(before, run.result)
          : before === run.result.digest
            ? undefined
            : run.result.text;
      if (text !== undefined) changes.push({ queryId: query.id, position, text });
      runs.push({ query, run });
    }
    for (const query of touched) this.#table.store(query, { isTouched: true });
    for (const { query, run } of runs)
      this.#table.store(query, { isTouched: false, footprint: run.footprint });
    this.#log.store(position, changes);
    return { position, changes, runs, touched };
  }

  /** What was staged stands. */
  keep({ position, changes, runs, touched }: Staged): void {
    this.#log.keep(position, changes);
    for (const query of touched) query.isTouched = true;
    for (const { query, run } of runs) {
      query.isTouched = false;
      query.digest = run.result.digest;
      if (run.failure === undefined) this.#texts.set(query.id, run.result.text);
      else this.#texts.delete(query.id);
      this.#index.remove(query, query.footprint);
      query.footprint = run.footprint;
      this.#index.add(query, run.footprint);
    }
    for (const query of touched) this.#texts.delete(query.id);
    this.#trim();
  }

  /** Queries that a change concerns, and those that have to run whatever changed. */
  #concerned(changed: Footprint, also: LiveQuery | undefined): ReadonlySet<LiveQuery> {
    const concerned = new Set(this.#index.meeting(changed));
    if (also !== undefined) concerned.add(also);
    for (const query of this.#table.all())
      if (query.isTouched) {
        if (query.listeners > 0) concerned.add(query);
        else if (query !== also) concerned.delete(query);
      }
    return concerned;
  }

  /** What a query last answered: from memory, or from what is stored and the commits since. */
  #digestOf(query: LiveQuery) {
    if (query.digest !== undefined) return query.digest;
    const shape = { key: this.#runner.keyOf(query.path), seed: this.#runner.seed };
    let digest = this.#table.storedDigest(query);
    for (const { text } of this.#log.changesAfter(query.checkpoint, query.id))
      digest = digestAfter(digest, JSON.parse(text) as QueryChange, shape);
    query.digest = digest;
    return digest;
  }

  /** Keeps the log within its limits. What a query answered is stored before the commits go that say so. */
  #trim(): void {
    const upTo = this.#log.excess;
    if (upTo === undefined) return;
    this.#sql.transaction(() => {
      for (const query of this.#table.all()) {
        const [first] = this.#log.changesAfter(query.checkpoint, query.id);
        if (first !== undefined && first.position <= upTo)
          this.#table.checkpoint(query, this.#digestOf(query), this.#log.head);
      }
      this.#log.forget(upTo);
    });
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
    this.#texts.delete(query.id);
  }

  #setIdle(query: LiveQuery): void {
    this.#table.update(query, { idleSince: query.listeners > 0 ? null : this.#clock.now() });
  }

  #idleFirst(): readonly LiveQuery[] {
    return this.#table
      .all()
      .filter(({ idleSince }) => idleSince !== null)
      .toSorted((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0));
  }

  #makeRoom(): void {
    if (this.#table.all().length < this.#limits.queries) return;
    const [oldest] = this.#idleFirst();
    if (oldest === undefined)
      throw new PerdureError(
        "too_many_queries",
        `This shard has its ${this.#limits.queries} live queries; unsubscribe from some, or spread them over more shards.`,
      );
    this.#forget(oldest);
  }
}

function keyOf({ path, args, identity }: Question): string {
  return JSON.stringify([path, args, identity]);
}
