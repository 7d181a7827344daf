/** The types of a shard's functions, from its definition alone: no code is made, and none of the Worker's is loaded. */

import type { StandardSchemaV1 } from "@standard-schema/spec";

/** A function of a shard, as `query` and `mutation` declare it. */
interface ShardFunction {
  readonly args: StandardSchemaV1;
  readonly run: (context: never) => unknown;
}

/** What `defineShard` makes: `type Board = typeof board`. */
export interface ShardFunctionTypes {
  /** By name. */
  readonly queries: Readonly<Record<string, ShardFunction>>;
  /** By name. */
  readonly mutations: Readonly<Record<string, ShardFunction>>;
}

/** Names of the queries of a shard. */
export type QueryName<Shard extends ShardFunctionTypes> = keyof Shard["queries"] & string;

/** Names of the mutations of a shard. */
export type MutationName<Shard extends ShardFunctionTypes> = keyof Shard["mutations"] & string;

/** What a query takes: what its schema takes, before it makes anything of it. */
export type QueryArgs<Shard extends ShardFunctionTypes, Name extends QueryName<Shard>> = ArgsOf<
  Shard["queries"][Name]
>;

/** What a query answers. */
export type QueryValue<Shard extends ShardFunctionTypes, Name extends QueryName<Shard>> = ValueOf<
  Shard["queries"][Name]
>;

/** What a mutation takes: what its schema takes, before it makes anything of it. */
export type MutationArgs<
  Shard extends ShardFunctionTypes,
  Name extends MutationName<Shard>,
> = ArgsOf<Shard["mutations"][Name]>;

/** What a mutation answers. */
export type MutationValue<
  Shard extends ShardFunctionTypes,
  Name extends MutationName<Shard>,
> = ValueOf<Shard["mutations"][Name]>;

type ArgsOf<F extends ShardFunction> = StandardSchemaV1.InferInput<F["args"]>;

type ValueOf<F extends ShardFunction> = Arrived<ReturnType<F["run"]>>;

/** What a handler returns, as it arrives: nothing is null, and what is shared is not to be changed. */
type Arrived<Value> = Value extends undefined | void
  ? null
  : Value extends object
    ? Readonly<Value>
    : Value;
