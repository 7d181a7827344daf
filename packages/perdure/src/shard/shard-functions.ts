/** Queries and mutations, as an app declares them. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { PerdureError, validated } from "../protocol/index.ts";
import type { MutationSql, QuerySql } from "./tracked-sql.ts";

/** Who calls: JSON, the same for the same person as long as a query may answer the same. */
export interface ShardIdentity {
  /** Who it is, to the mutation's id too: an id belongs to the subject that used it first. */
  readonly subject: string;
  readonly [claim: string]: unknown;
}

/** Any Standard Schema whose validation is synchronous. */
export type ArgsSchema = StandardSchemaV1;

/** What the handler of a shared query gets. */
export interface SharedQueryContext<Args> {
  /** Reads. Every statement is watched, so that the query runs again when what it read has changed. */
  readonly sql: QuerySql;
  readonly args: Args;
}

/** What the handler of a query gets. */
export interface QueryContext<Args> extends SharedQueryContext<Args> {
  /** null for whoever has not logged in. */
  readonly identity: ShardIdentity | null;
}

/** What the handler of a mutation gets. */
export interface MutationContext<Args> {
  /** Reads and writes, in one transaction. */
  readonly sql: MutationSql;
  readonly args: Args;
  readonly identity: ShardIdentity | null;
}

/** A query, declared. */
export interface ShardQuery<Schema extends ArgsSchema = ArgsSchema, Value = unknown> {
  readonly kind: "query";
  readonly args: Schema;
  /** The columns that tell rows apart. */
  readonly key: readonly string[];
  readonly isShared: boolean;
  /** What it answers where nothing was ever stored; missing: it runs there, too. */
  readonly blank?: unknown;
  /** Takes what the schema makes of the arguments. */
  readonly run: (context: QueryContext<never>) => Value;
}

/** A mutation, declared. */
export interface ShardMutation<Schema extends ArgsSchema = ArgsSchema, Value = unknown> {
  readonly kind: "mutation";
  readonly args: Schema;
  /** Takes what the schema makes of the arguments. */
  readonly run: (context: MutationContext<never>) => Value;
}

interface QueryOptions<Schema extends ArgsSchema, Value> {
  /** Any Standard Schema (zod, valibot, arktype …) of the arguments. */
  readonly args: Schema;
  /**
   * The column or columns that tell rows of the result apart; each holds strings or numbers. Default: `id`. A result that is no list of
   * rows with such a key is sent whole whenever it changes.
   */
  readonly key?: string | readonly string[];
  /**
   * What it answers in a shard in which nothing was ever stored, such as `[]`: who asks for it or follows it there then stores nothing
   * either. Without, the shard's tables are made for the first who asks.
   */
  readonly blank?: NoInfer<Value>;
}

/**
 * Declares a query: a function of its arguments, who asks, and the shard's tables.
 *
 * Its handler is synchronous and may only read. It must answer the same for the same rows: it runs again when these change, and not
 * because time has passed, so `random()` and the present time have no place in it.
 */
export function query<Schema extends ArgsSchema, Value>(
  options: QueryOptions<Schema, Value> & {
    /** Whether it answers everybody the same. Then it runs once for all, and its handler gets no identity. */
    readonly shared: true;
    readonly handler: (context: SharedQueryContext<StandardSchemaV1.InferOutput<Schema>>) => Value;
  },
): ShardQuery<Schema, Value>;
export function query<Schema extends ArgsSchema, Value>(
  options: QueryOptions<Schema, Value> & {
    readonly shared?: false;
    readonly handler: (context: QueryContext<StandardSchemaV1.InferOutput<Schema>>) => Value;
  },
): ShardQuery<Schema, Value>;
export function query<Schema extends ArgsSchema, Value>(
  options: QueryOptions<Schema, Value> & {
    readonly shared?: boolean;
    readonly handler: (context: QueryContext<never>) => Value;
  },
): ShardQuery<Schema, Value> {
  const { args, key = "id", shared = false, blank, handler } = options;
  return {
    kind: "query",
    args,
    key: typeof key === "string" ? [key] : key,
    isShared: shared,
    ...(blank === undefined ? {} : { blank }),
    run: handler,
  };
}

/**
 * Declares a mutation. Its handler is synchronous and is one transaction: what it throws undoes all that it wrote. Each call has an
 * id, and has its effect once.
 */
export function mutation<Schema extends ArgsSchema, Value>(options: {
  /** Any Standard Schema (zod, valibot, arktype …) of the arguments. */
  readonly args: Schema;
  readonly handler: (context: MutationContext<StandardSchemaV1.InferOutput<Schema>>) => Value;
}): ShardMutation<Schema, Value> {
  return { kind: "mutation", args: options.args, run: options.handler };
}

/** Queries by name. */
export type Queries = Readonly<Record<string, ShardQuery>>;

/** Mutations by name. */
export type Mutations = Readonly<Record<string, ShardMutation>>;

/** What a function takes: what its schema takes, before it makes anything of it. */
export type ArgsOf<F extends { readonly args: ArgsSchema }> = StandardSchemaV1.InferInput<
  F["args"]
>;

/** What a function answers. */
export type ValueOf<F extends { readonly run: (context: never) => unknown }> = ReturnType<F["run"]>;

/** A function that was found by its path. */
export interface FoundFunction {
  /** `queries.tasks` or `mutations.addTask`. */
  readonly path: string;
  readonly declared: ShardQuery | ShardMutation;
}

/** The arguments of any function of a shard, as its schema makes them. */
type AnyArgs<Q extends Queries, M extends Mutations> = StandardSchemaV1.InferOutput<
  (Q[keyof Q] | M[keyof M])["args"]
>;

/** The functions of a class of shards, whatever they are. */
export interface ShardFunctions {
  readonly queries: Queries;
  readonly mutations: Mutations;
  /** Whether calls are spread over shards; else there is one, the root. */
  readonly isSharded: boolean;
  /**
   * The shard that a call belongs to; undefined for the root.
   *
   * @throws PerdureError `not_found` for a function that is not declared, `bad_request` for arguments that do not fit.
   */
  shardOf(functionPath: string, args: unknown): string | undefined;
  /**
   * A function by its path: `queries.tasks`, `mutations.addTask`, or the name alone where only one has it.
   *
   * @throws PerdureError `not_found`, `bad_request` for a name that two have.
   */
  find(functionPath: string): FoundFunction;
}

/** The functions of a class of shards, and how a call finds its shard. */
export class ShardDefinition<
  Q extends Queries = Queries,
  M extends Mutations = Mutations,
> implements ShardFunctions {
  readonly queries: Q;
  readonly mutations: M;
  readonly #keyOf: ((args: never) => string) | undefined;

  constructor(queries: Q, mutations: M, keyOf?: (args: never) => string) {
    this.queries = queries;
    this.mutations = mutations;
    this.#keyOf = keyOf;
  }

  /** Spreads calls over shards: those whose arguments have the same key go to the shard of that name. */
  shardBy(keyOf: (args: AnyArgs<Q, M>) => string): ShardDefinition<Q, M> {
    return new ShardDefinition(this.queries, this.mutations, keyOf);
  }

  /** Whether calls are spread over shards; else there is one, the root. */
  get isSharded(): boolean {
    return this.#keyOf !== undefined;
  }

  /**
   * The shard that a call belongs to; undefined for the root.
   *
   * @throws PerdureError `not_found` for a function that is not declared, `bad_request` for arguments that do not fit.
   */
  shardOf(functionPath: string, args: unknown): string | undefined {
    return this.#keyOf?.(checkedArgs(this.find(functionPath), args) as never);
  }

  /**
   * A function by its path: `queries.tasks`, `mutations.addTask`, or the name alone where only one has it.
   *
   * @throws PerdureError `not_found`, `bad_request` for a name that two have.
   */
  find(functionPath: string): FoundFunction {
    const found = [
      ...findIn("queries", this.queries, functionPath),
      ...findIn("mutations", this.mutations, functionPath),
    ];
    const [first, second] = found;
    if (first === undefined)
      throw new PerdureError("not_found", "This shard has no function of this path.");
    if (second !== undefined)
      throw new PerdureError(
        "bad_request",
        `Two functions have this name: write ${first.path} or ${second.path}.`,
      );
    return first;
  }
}

function findIn(kind: string, functions: Queries | Mutations, path: string): FoundFunction[] {
  const name = path.startsWith(`${kind}.`) ? path.slice(kind.length + 1) : path;
  const declared = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return declared === undefined ? [] : [{ path: `${kind}.${name}`, declared }];
}

/** What a function's schema makes of arguments. Throws `bad_request`. */
export function checkedArgs({ path, declared }: FoundFunction, args: unknown): unknown {
  return validated(declared.args, args, `The argument of ${path}`);
}

/** Declares the functions of a class of shards: all that can be called from outside. */
export function defineShard<
  Q extends Queries = Record<string, never>,
  M extends Mutations = Record<string, never>,
>(functions: { readonly queries?: Q; readonly mutations?: M }): ShardDefinition<Q, M> {
  const { queries = {} as Q, mutations = {} as M } = functions;
  return new ShardDefinition(queries, mutations);
}
