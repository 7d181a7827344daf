/** Runs any agent of the Agent Client Protocol and relays it to a session. */

export type { AgentCommand } from "./agent-process.ts";
export { FolderLockedError, lockHolder } from "./folder-lock.ts";
export type { PartitionPolicy } from "./partition.ts";
export type * from "./relay-ports.ts";
export type { RelayOptions } from "./relay-options.ts";
export { MAX_UNACKNOWLEDGED_SPOOL_BYTES } from "./relay-options.ts";
export { Relay } from "./relay.ts";
export type { RunAgentOptions } from "./run-agent.ts";
export { runAgent } from "./run-agent.ts";
export type { IdleControl, OnLeaving, RunEnd, RunnerOptions, RunnerPorts } from "./run-runner.ts";
export { runRunner } from "./run-runner.ts";
export { openWorktree, removeWorktree } from "./worktree.ts";
