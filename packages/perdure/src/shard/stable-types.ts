/** Shapes that add-ons may rely on: they change with a minor version only, which a test of the public types holds. */

import type { Attachment } from "../object/index.ts";
import type { QueryChange } from "../protocol/index.ts";
import type { SubscribeRequest } from "./requests.ts";
import type { ShardSocketMeta } from "./shard-sockets.ts";

/** What of the platform's object a shard uses. */
export type ShardDOState = Pick<
  DurableObjectState,
  | "id"
  | "storage"
  | "acceptWebSocket"
  | "getWebSockets"
  | "setWebSocketAutoResponse"
  | "blockConcurrencyWhile"
  | "abort"
>;

/** What of a socket an object uses, so that a unit test can stand for one without the platform. */
export type HibernatableWebSocket = Pick<
  WebSocket,
  "readyState" | "send" | "close" | "serializeAttachment" | "deserializeAttachment"
>;

/** What is kept with a socket of a shard over hibernation; `deserializeAttachment` answers it. */
export interface SocketAttachment extends Attachment {
  readonly kind: "shard";
  /** For whom it is, and what it may use. */
  readonly meta: ShardSocketMeta;
  /** What it follows: ids of its subscriptions, each with that of the live query. Missing before the first. */
  readonly kept?:
    | { readonly subscriptions?: readonly (readonly [id: number, queryId: number])[] }
    | undefined;
}

/** What a client sends to follow a query. */
export interface SubscriptionEnvelope extends SubscribeRequest {
  readonly t: "subscribe";
  /** Names the subscription on its socket. */
  readonly id: number;
}

/** What one commit tells a socket: the changes of all that it follows. */
export interface MutationDelta {
  readonly t: "commit";
  /** The commit's place in the order of the shard's commits. */
  readonly position: number;
  /** By subscription. */
  readonly changes: readonly (readonly [id: number, change: QueryChange])[];
}
