import { setTimeout as sleep } from "node:timers/promises";
import type { DataFolder } from "./data-folder.ts";
import { isErrorCode } from "./private-file.ts";
import { commandLineOf, identityOf } from "./process-identity.ts";
import { ServeError } from "./serve-error.ts";
import { configPathOf } from "./workerd-config.ts";

const POLL_MS = 20;
const TIMEOUT_MS = 5_000;

/**
 * Ends the workerd that a killed `perdure serve` left on a folder, and waits until it is gone. A process that got its id
 * in the meantime is left alone. Nothing that it acknowledged is lost.
 */
export async function killOrphan(pid: number, folder: DataFolder): Promise<void> {
  const identity = identityOf(pid);
  const isOurs = commandLineOf(pid)?.includes(configPathOf(folder)) === true;
  if (!isOurs || identity === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isErrorCode(error, "ESRCH")) throw error;
  }
  // A process that ends forgets its command line before it closes its files.
  for (let waited = 0; identityOf(pid) === identity; waited += POLL_MS) {
    if (waited >= TIMEOUT_MS)
      throw new ServeError(
        "already_running",
        `A workerd without its server (process ${pid}) still uses ${folder.path} and cannot be ended: end it first.`,
      );
    await sleep(POLL_MS);
  }
}
