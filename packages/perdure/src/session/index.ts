/** Durable sessions. */

export type { ApprovalRow, ApprovalState } from "./approvals.ts";
export { checkGatewayUrl, gatewayPolicyOf } from "./gateway-policy.ts";
export type { GatewayPolicy } from "./gateway-policy.ts";
export type { Lifetime } from "./lifetime.ts";
export { parseLifetime } from "./lifetime.ts";
export type { Invitation, InvitedRole } from "./invitations.ts";
export type { Revocation } from "./revocations.ts";
export type { InvitationRequest, Joined } from "./sharing.ts";
export type { MessageRow, SessionMetaRow } from "./projection.ts";
export type { TaskFilter, TaskRow } from "./task-table.ts";
export type { Migration } from "../object/index.ts";
export { runMigrations } from "../object/index.ts";
export type { MetaPatch, MetaSchema } from "./metadata.ts";
export type { Keep, Retention } from "./retention.ts";
export type { CopyBase, CopyCursor, CopyHeader, CopyLine, CopyPage } from "./copy-lines.ts";
export type { CopyTerms } from "./session-copy.ts";
export type { ExportHeader } from "./export-session.ts";
export { exportLines } from "./export-session.ts";
export type { Fork, ForkOptions } from "./fork-session.ts";
export { forkSession } from "./fork-session.ts";
export { importLines } from "./import-session.ts";
export { valueOf } from "./rpc-value.ts";
export * from "./rpc.ts";
export * from "./schema.ts";
export { Session } from "./session.ts";
export type { TurnHost } from "./local-turns.ts";
export type {
  TurnContext,
  TurnDecision,
  TurnHistory,
  TurnOutput,
  TurnQuestion,
  TurnRetry,
} from "./turn-context.ts";
export type { TurnMessage, TurnPart } from "./turn-messages.ts";
export type { SessionHost } from "./session-host.ts";
export { SessionDO } from "./session-do.ts";
export type { StoredMessage } from "./session-do.ts";
export type { SearchOptions } from "./message-search.ts";
export { SessionIndexDO } from "../directory/index.ts";
export { WAKING_SCHEDULE } from "./waking-schedule.ts";
export type { WakingSchedule } from "./waking-schedule.ts";
