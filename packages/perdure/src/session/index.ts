/** Durable sessions. */

export type { ApprovalRow, ApprovalState } from "./approvals.ts";
export type { MessageRow, SessionMetaRow, TaskRow } from "./projection.ts";
export * from "./rpc.ts";
export * from "./schema.ts";
export { Session, type SessionHost } from "./session.ts";
export { SessionDO } from "./session-do.ts";
export { SessionIndexDO } from "./session-index-do.ts";
