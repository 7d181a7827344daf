import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { connectAgent } from "./acp-connection.ts";
import { FolderDisk } from "./folder-disk.ts";
import { lockFolder } from "./folder-lock.ts";
import type { RunEnd, RunnerOptions } from "./run-runner.ts";
import { runRunner } from "./run-runner.ts";
import { openWebSocket } from "./web-socket.ts";

/** What to run, for which session, and where to keep what the session has not got yet. */
export interface RunAgentOptions extends RunnerOptions {
  /** Folder of this runner alone; made where there is none. */
  readonly stateDir: string;
}

/**
 * Runs an agent for a session until it is told to stop, another runner takes over, or nothing can be done any more. The
 * agent and all that it started are gone when this returns.
 *
 * @throws Error when the folder is in use or cannot be written, or the agent does not start.
 */
export async function runAgent(options: RunAgentOptions): Promise<RunEnd> {
  const { stateDir } = options;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(stateDir);
  try {
    return await runRunner(options, {
      disk: new FolderDisk(stateDir),
      connectAgent,
      openSocket: openWebSocket,
      newId: () => randomUUID(),
    });
  } finally {
    unlock();
  }
}
