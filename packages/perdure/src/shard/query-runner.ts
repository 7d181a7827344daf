/** Runs a query, and sees what it read. */

import type { Sql } from "../object/index.ts";
import { PerdureError, problemOf } from "../protocol/index.ts";
import type { Analyses } from "./analysis.ts";
import type { Footprint } from "./footprint.ts";
import { RowSet } from "./footprint.ts";
import type { Result, ResultLimits } from "./result.ts";
import { errorDigest, resultOf } from "./result.ts";
import type { ShardFunctions, ShardIdentity } from "./shard-functions.ts";
import { checkedArgs } from "./shard-functions.ts";
import { querySql } from "./tracked-sql.ts";

/** What is asked: a query that is declared, its arguments as they came, and for whom. */
export interface Question {
  /** `queries.tasks`. */
  readonly path: string;
  /** JSON. */
  readonly args: string;
  /** JSON of an identity, or `null`: nobody, or a shared query. */
  readonly identity: string;
}

/** What a run came to. */
export interface Run {
  readonly footprint: Footprint;
  /** Of a query that failed, its text is the JSON of a `QueryChange` with the error. */
  readonly result: Result;
  /** What the handler threw, if it did. */
  readonly failure?: { readonly error: unknown };
}

/** Runs the queries of a definition. */
export class QueryRunner {
  readonly #sql: Sql;
  readonly #analyses: Analyses;
  readonly #functions: ShardFunctions;
  readonly #limits: ResultLimits;
  readonly seed: number;

  constructor(
    sql: Sql,
    analyses: Analyses,
    functions: ShardFunctions,
    options: { readonly limits: ResultLimits; readonly seed: number },
  ) {
    this.#sql = sql;
    this.#analyses = analyses;
    this.#functions = functions;
    this.#limits = options.limits;
    this.seed = options.seed;
  }

  /** The key columns of a query; none of one that is not declared any more. */
  keyOf(path: string): readonly string[] {
    try {
      const { declared } = this.#functions.find(path);
      return declared.kind === "query" ? declared.key : [];
    } catch {
      return [];
    }
  }

  /** The value that a query answers; throws what it throws. */
  value(question: Question, reads = new RowSet()): unknown {
    const found = this.#functions.find(question.path);
    const { declared } = found;
    if (declared.kind !== "query")
      throw new PerdureError("bad_request", `${found.path} is a mutation; only queries are read.`);
    const value = declared.run({
      sql: querySql(this.#sql, this.#analyses, reads),
      // A handler takes what its own schema makes.
      args: checkedArgs(found, JSON.parse(question.args)) as never,
      identity: JSON.parse(question.identity) as ShardIdentity | null,
    });
    return synchronous(value, found.path);
  }

  /** Runs a query. What it throws is told like a result. */
  run(question: Question): Run {
    const reads = new RowSet();
    try {
      const value = this.value(question, reads);
      const shape = { key: this.keyOf(question.path), seed: this.seed, limits: this.#limits };
      return { footprint: reads.all(), result: resultOf(value, shape) };
    } catch (error) {
      const change = { error: problemOf(error) };
      const digest = errorDigest(change, this.seed);
      const result = { digest, text: JSON.stringify(change), rows: new Map() };
      return { footprint: reads.all(), result, failure: { error } };
    }
  }
}

/** Refuses the promise of a handler that is asynchronous: what it does later would be outside of its transaction. */
export function synchronous<T>(value: T, path: string): T {
  if (value instanceof Promise) {
    // What it does later is nobody's any more.
    value.catch(() => {});
    throw new TypeError(`The handler of ${path} is asynchronous; make it synchronous.`);
  }
  return value;
}
