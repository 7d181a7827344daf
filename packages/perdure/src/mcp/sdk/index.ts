/** MCP sessions for servers of `@modelcontextprotocol/sdk`. */

export { DurableEventStore } from "./durable-event-store.ts";
export { durableSdk } from "./durable-sdk.ts";
export type {
  DurableSdkOptions,
  SdkHandler,
  SdkNotification,
  SdkServer,
  SdkServerContext,
} from "./durable-sdk.ts";
