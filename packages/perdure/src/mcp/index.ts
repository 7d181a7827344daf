/** MCP sessions that outlive their streams, their server and their object. */

export { durableMcp } from "./durable-mcp.ts";
export type { DurableMcpOptions, McpHandler, McpTransport } from "./durable-mcp.ts";
export { DurableObjectSessionManager } from "./durable-object-session-manager.ts";
export { handles } from "./durable-handles.ts";
export type { HandlesOptions } from "./durable-handles.ts";
export type { GuardOptions } from "./guards.ts";
export type { HandleAccess, Handles, NewHandle, RequestStateCodec } from "./handle-client.ts";
export type { McpTask, NewTask, TaskChange, TaskList, TaskStatus } from "./mcp-task.ts";
export type { Authenticate, ConnectionIdentity } from "./mcp-endpoint-options.ts";
export { REGISTRY_SHARDS } from "./placement.ts";
export { closeSseStream } from "./request-context.ts";
export { SyncLayer } from "./sync-layer-do.ts";
