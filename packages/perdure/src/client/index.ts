/** The client: a session's state and events in a page, a terminal or a test. */

export type {
  ClientEvents,
  Contract,
  EventData,
  EventSchemas,
  ServerEvents,
} from "../protocol/index.ts";
export { checkEvent, defineContract } from "../protocol/index.ts";
export type { ClientState, LinkState } from "./client-state.ts";
export { ConnectionClient } from "./connection-client.ts";
export type {
  ConnectionClientOptions,
  ConnectionState,
  EmitArguments,
  EmitOptions,
  EventListener,
  EventOrigin,
  ReceivedData,
  ReceivedEvent,
  RoomEventData,
  SentData,
  SentEvent,
} from "./connection-client-options.ts";
export type { QueuedEvent } from "./connection-queue.ts";
export { ConnectionRoom } from "./connection-room.ts";
export type { WebSocketConstructor } from "./dialer.ts";
export type { TokenSource } from "./link.ts";
export { MAX_PENDING_COMMANDS } from "./outbox.ts";
export type { OutboxStore, PendingCommand } from "./outbox-store.ts";
export { storageOutboxStore } from "./outbox-store.ts";
export type { ReaderEffect, ReaderView } from "./reader.ts";
export { Reader } from "./reader.ts";
export { SessionClient } from "./session-client.ts";
export type { SessionClientEvents, SessionClientOptions } from "./session-client-options.ts";
export { ShardClient } from "./shard-client.ts";
export type {
  MutateOptions,
  OptimisticUpdates,
  OptimisticViews,
  PendingMutation,
  ShardCall,
  ShardClientOptions,
  ShardClientState,
  ShardView,
  ShardWatch,
} from "./shard-client-options.ts";
export type {
  MutationArgs,
  MutationName,
  MutationValue,
  QueryArgs,
  QueryName,
  QueryValue,
  ShardFunctionTypes,
} from "./shard-types.ts";
export { uuidv7 } from "./uuid.ts";
