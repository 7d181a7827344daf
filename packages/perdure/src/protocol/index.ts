/** The wire: what travels between clients, runners and sessions. Imports nothing but types. */

export * from "./chunks.ts";
export * from "./connection-codec.ts";
export * from "./connection-frames.ts";
export * from "./contract.ts";
export * from "./errors.ts";
export * from "./events.ts";
export { asRequest, parseId } from "./fields.ts";
export * from "./frames.ts";
export * from "./gateway.ts";
export * from "./json.ts";
export * from "./limits.ts";
export * from "./listing.ts";
export * from "./message-fold.ts";
export * from "./messages.ts";
export * from "./parse-listing.ts";
export * from "./parse.ts";
export * from "./parse-tasks.ts";
export * from "./permissions.ts";
export * from "./queries.ts";
export * from "./runs.ts";
export * from "./shard-frames.ts";
export * from "./standard.ts";
export * from "./state.ts";
export * from "./tasks.ts";
export * from "./webhook.ts";
