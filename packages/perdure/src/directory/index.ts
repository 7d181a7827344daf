/** The list of an owner's sessions: a shard with one query. */

export type { SessionIndexRpc } from "./rpc.ts";
export { SessionIndexDO } from "./session-index-do.ts";
export { SESSIONS_QUERY } from "./session-lines.ts";
