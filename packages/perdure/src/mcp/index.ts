/** MCP sessions that outlive their streams, their server and their object. */

export { REGISTRY_SHARDS } from "./placement.ts";
