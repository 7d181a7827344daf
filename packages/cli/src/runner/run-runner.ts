import type { Problem } from "perdure/protocol";
import { CLOSE } from "perdure/protocol";
import { AcpAgent } from "./acp-agent.ts";
import type { ConnectAgent } from "./agent-port.ts";
import type { AgentCommand } from "./agent-process.ts";
import { Dialer } from "./dialer.ts";
import { IdleWatch } from "./idle.ts";
import type { PartitionPolicy } from "./partition.ts";
import { Relay } from "./relay.ts";
import type { RelayEnd } from "./relay-ports.ts";
import type { RunnerDisk } from "./runner-disk.ts";
import { RunnerStateFile } from "./runner-state.ts";
import type { OpenSocket } from "./socket-port.ts";
import { Spool } from "./spool.ts";

/** What to run, and for which session. */
export interface RunnerOptions {
  /** WebSocket address of the session's runner route. */
  readonly url: string;
  /** Asked before each connection. */
  readonly token: () => Promise<string | undefined>;
  /** Whether `token` makes a fresh token each time: an expired one is then no reason to stop. */
  readonly renewsToken: boolean;
  readonly agent: AgentCommand;
  /** Folder of the repository whose worktree is the agent's folder; undefined where that is none. */
  readonly repository?: string | undefined;
  readonly clientInfo: { readonly name: string; readonly version: string };
  /** What becomes of the running turn when the session cannot be reached. Default: the agent works on. */
  readonly onPartition?: PartitionPolicy;
  /** Stops the runner in good order: the running turn is ended as interrupted, and what it said is handed over. */
  readonly signal: AbortSignal;
  /** Leaves when there has been nothing to do for this long, in milliseconds. Default: stays. */
  readonly exitWhenIdleMs?: number | undefined;
  /**
   * Given, before anything happens, a way to ask whether there is something to do, and to leave where there is not. Answers
   * whom to tell before it leaves.
   */
  readonly onIdleControl?: (control: IdleControl) => OnLeaving;
  /** Receives a line for each thing that a person may want to know. */
  readonly log: (line: string) => void;
}

/** Asks a runner whether it has anything to do. */
export interface IdleControl {
  /** For how long there has been nothing, in milliseconds; undefined where there is something. */
  readonly idleFor: () => number | undefined;
  /** Has the runner leave where there is nothing. */
  readonly leave: () => void;
}

/** Told before the runner closes its connection because there is nothing to do: it takes no command any more. */
export type OnLeaving = () => void;

/** All of the world that a runner touches, but for the timers and the clock of its global scope. */
export interface RunnerPorts {
  /** This runner's alone for as long as it runs. */
  readonly disk: RunnerDisk;
  readonly connectAgent: ConnectAgent;
  readonly openSocket: OpenSocket;
  /** Makes a random id: one for the process, and one for each new spool. */
  readonly newId: () => string;
}

/** How a run ended. */
export type RunEnd =
  | RelayEnd
  | { readonly kind: "stopped" }
  /** There was nothing to do. */
  | { readonly kind: "idle" }
  /** The server does not let this runner in. */
  | { readonly kind: "refused"; readonly problem: Problem };

/** How long the end of a turn may take to reach the session when the runner stops, in milliseconds. */
const HAND_OVER_MS = 1_500;

/**
 * Runs an agent for a session over these ports, until it is told to stop, another runner takes over, or nothing can be done
 * any more. The agent is gone and the spool is closed when this returns.
 *
 * @throws Error when the disk cannot be read or written, or the agent does not start.
 */
export async function runRunner(options: RunnerOptions, ports: RunnerPorts): Promise<RunEnd> {
  const { disk, newId } = ports;
  const state = new RunnerStateFile(disk);
  const spool = new Spool({
    disk,
    state,
    newId,
    onDamage: options.log,
    onSyncError: (error) => options.log(`the spool could not be synced: ${error.message}`),
  });
  try {
    return await runWith(options, ports, state, spool);
  } finally {
    spool.close();
  }
}

async function runWith(
  options: RunnerOptions,
  { connectAgent, openSocket, newId }: RunnerPorts,
  state: RunnerStateFile,
  spool: Spool,
): Promise<RunEnd> {
  const { log, signal } = options;
  const ended = Promise.withResolvers<RunEnd>();
  const agent = new AcpAgent({
    command: options.agent,
    repository: options.repository,
    connect: connectAgent,
    clientInfo: options.clientInfo,
    agentSession: state.current.agentSession,
    onAgentSession: (agentSession) => state.update({ agentSession }),
    emit: (event) => relay.emit(event),
    log,
    onFailure: (error) => ended.resolve({ kind: "failed", error }),
  });
  const relay = new Relay({
    process: newId(),
    spool,
    clock: systemClock,
    agent,
    ...(options.onPartition === undefined ? {} : { onPartition: options.onPartition }),
    onEnd: ended.resolve,
    onActivity: () => idle.active(),
    onWelcome: ({ epoch, session }) => {
      // What waits for this runner comes now.
      idle.active();
      log(`connected to session ${session} (epoch ${epoch})`);
    },
    onStarted: ({ agent: { name, version }, restored }) => {
      idle.active();
      log(`${name}${version === undefined ? "" : ` ${version}`} is ready (context: ${restored})`);
    },
    onProblem: (detail) => log(`the session says: ${detail}`),
  });
  const dialer = new Dialer({
    url: options.url,
    token: options.token,
    openSocket,
    onOpen: (link) => relay.opened(link),
    onMessage: (text) => relay.received(text),
    onClose: (code, reason) =>
      relay.closed(
        code === CLOSE.unauthorized && options.renewsToken ? CLOSE.goingAway : code,
        reason,
      ),
    onRefused: (problem) => ended.resolve({ kind: "refused", problem }),
    onRetry: (why, waitMs) => log(`not connected: ${why}; trying again in ${waitMs} ms`),
  });
  const idle = new IdleWatch(systemClock, () => relay.isIdle);
  const leave = (): void => {
    if (!relay.isIdle) return;
    onLeaving?.();
    // At once: a command that came later would be begun and cut off. Not begun, it waits for the next runner.
    relay.stop();
    dialer.stop("the runner has nothing to do");
    ended.resolve({ kind: "idle" });
  };
  const onLeaving = options.onIdleControl?.({ idleFor: () => idle.idleFor, leave });
  const onAbort = (): void => ended.resolve({ kind: "stopped" });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) return { kind: "stopped" };
    await Promise.race([agent.launch(), ended.promise]);
    dialer.start();
    if (options.exitWhenIdleMs !== undefined) idle.after(options.exitWhenIdleMs, leave);
    const end = await ended.promise;
    await agent.stop("The runner was stopped.");
    if (end.kind === "stopped") await drained(relay);
    return end;
  } finally {
    signal.removeEventListener("abort", onAbort);
    idle.stop();
    dialer.stop("the runner stops");
    relay.stop();
    await agent.stop("The runner was stopped.");
  }
}

/** Resolves when the session has everything, or after a while: the spool keeps the rest for the next run. */
async function drained(relay: Relay): Promise<void> {
  const deadline = Date.now() + HAND_OVER_MS;
  while (!relay.isDrained && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const systemClock = {
  now: () => Date.now(),
  soon: (callback: () => void) => void setImmediate(callback),
  after: (milliseconds: number, callback: () => void) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
