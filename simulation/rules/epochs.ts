/** A process starts once, and what it says is its own. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import { must, of } from "./common.ts";

/** N2 N17: no two processes have started under one epoch, and the last to start has the newest. */
export function checkEpochs(log: readonly SessionEvent[]): void {
  const epochs = of(log, "runner.started").map(({ epoch }) => epoch);
  must(new Set(epochs).size === epochs.length, `N2 two starts have one epoch: ${epochs.join()}`);
}
