/** The two base classes that a runtime for reactive apps expects, under the names that it has for them. Nothing is made here. */

export { AuthSessionDO as SessionDO, SESSION_DO_TTL_DEFAULT } from "../auth/index.ts";
export type { SessionRecord } from "../auth/index.ts";
export { ROOT_DO_SIZE_WARN_BYTES, ROOT_SHARD_NAME, ShardDO } from "../shard/index.ts";
export type {
  HibernatableWebSocket,
  MutationDelta,
  ShardRequest as RpcRequest,
  ShardDOState,
  SocketAttachment,
  SubscriptionEnvelope,
  SubscribeRequest as SubscriptionQuery,
} from "../shard/index.ts";
