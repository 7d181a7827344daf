import { setTimeout as sleep } from "node:timers/promises";
import { lockHolder } from "../runner/index.ts";
import type { PooledRunner } from "./runner-pool.ts";

/** How long a runner may take to end after it was asked to, in milliseconds; then it is killed. */
const STOP_MS = 5_000;

const POLL_MS = 50;

/**
 * The runner whose process holds a state folder, whoever has started it: an earlier gateway that was killed, or a person. It is
 * left alone until it leaves by itself; undefined where nobody holds the folder.
 */
export function runnerIn(stateDir: string): PooledRunner | undefined {
  const pid = lockHolder(stateDir);
  if (pid === undefined) return undefined;
  const isRunning = () => lockHolder(stateDir) === pid;
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (isRunning()) process.kill(pid, name);
    } catch {
      // It is gone.
    }
  };
  return {
    isRunning,
    isLeaving: () => false,
    idleFor: async () => undefined,
    leave: async () => {},
    stop: async () => {
      signal("SIGTERM");
      for (let waited = 0; isRunning() && waited < STOP_MS; waited += POLL_MS) await sleep(POLL_MS);
      signal("SIGKILL");
    },
  };
}
