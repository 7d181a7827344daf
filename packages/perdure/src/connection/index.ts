/** Connections: one object per user, with state that persists itself, and rooms. */

export type {
  ClientEvents,
  Contract,
  EventData,
  EventSchemas,
  ServerEvents,
} from "../protocol/index.ts";
export { checkEvent, defineContract } from "../protocol/index.ts";
export { channelCodec, connectionCodec } from "./codec.ts";
export type { Codec, IncomingEvent, IncomingFrame } from "./codec.ts";
export * from "./connection-do.ts";
export * from "./context.ts";
export * from "./definition.ts";
export type { Emission } from "./outbox.ts";
export type { RoomOptions } from "./room-do.ts";
export { createRoomHandler, RoomDO } from "./room-do.ts";
export type { PageOptions } from "./room-members.ts";
export type { RoomLeaveReason } from "./room.ts";
export * from "./routes.ts";
export * from "./rpc.ts";
export { MAX_STATE_VALUE_BYTES, PersistError, snapshot, STATE_PREFIX } from "./state/index.ts";
export type { PersistOptions, StateLayout, StateOptions } from "./state/index.ts";
