/** Shards: queries and mutations over SQLite, and live queries that cost what changed. */

export type { ShardHistory, StoredChange } from "./commit-log.ts";
export * from "./requests.ts";
export * from "./rpc.ts";
export { SHARD_MIGRATIONS } from "./schema.ts";
export * from "./shard.ts";
export type { Authorize, ShardAccess, ShardCaller, ShardLogin } from "./shard-access.ts";
export * from "./shard-do.ts";
export * from "./shard-functions.ts";
export * from "./shard-limits.ts";
export * from "./shard-routes.ts";
export type { ShardSocketMeta } from "./shard-sockets.ts";
export type { MutationSql, QuerySql } from "./tracked-sql.ts";
export type {
  ShardRequest as RpcRequest,
  SubscribeRequest as SubscriptionQuery,
} from "./requests.ts";
export type {
  HibernatableWebSocket,
  MutationDelta,
  ShardDOState,
  SocketAttachment,
  SubscriptionEnvelope,
} from "./stable-types.ts";
