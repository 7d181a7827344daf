import type { PartitionPolicy } from "./partition.ts";
import type { AgentStart, RelayAgent, RelayClock, RelayEnd, RelaySpool } from "./relay-ports.ts";

/**
 * Most bytes that may wait for the session. Past it the running turn is ended as failed, with a reason that says so, and no
 * prompt begins until the session has taken enough; the end of the turn is still written, so nothing is lost silently.
 */
export const MAX_UNACKNOWLEDGED_SPOOL_BYTES = 256 * 1024 * 1024;

/** What a relay is made of. */
export interface RelayOptions {
  /** Random id of this process. */
  readonly process: string;
  readonly spool: RelaySpool;
  readonly clock: RelayClock;
  readonly agent: RelayAgent;
  /** Bytes that may wait for the session. Default `MAX_UNACKNOWLEDGED_SPOOL_BYTES`. */
  readonly spoolLimit?: number;
  /** What becomes of the running turn when the session cannot be reached. Default: the agent works on. */
  readonly onPartition?: PartitionPolicy;
  /** A command has come, or the agent has said something. */
  readonly onActivity?: () => void;
  /** Called once, when the relay has stopped for good: the agent is to be killed and the process to exit. */
  readonly onEnd: (end: RelayEnd) => void;
  /** The session has granted an epoch; called for every connection. */
  readonly onWelcome?: (welcome: { readonly epoch: number; readonly session: string }) => void;
  /** The agent is ready and has its context back. */
  readonly onStarted?: (start: AgentStart) => void;
  /** The session refused something and keeps the connection. */
  readonly onProblem?: (detail: string) => void;
}
