/** Only the newest claim writes. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { must, of } from "./common.ts";

/** N2 N4 N19: after a process has started, only it, or the backlog of the next one's disk, is in the log. */
export function checkEpochs({ deeds }: World, log: readonly SessionEvent[]): void {
  const epochs = of(log, "runner.started").map(({ epoch }) => epoch);
  must(new Set(epochs).size === epochs.length, `N2 two starts have one epoch: ${epochs.join()}`);
  const diskOf = new Map(deeds.runners.map(({ name, disk }) => [name, disk]));
  let disk: string | undefined;
  let isFirst = true;
  for (const event of log) {
    if (event.type === "runner.started") {
      disk = undefined;
      isFirst = true;
    }
    if (event.type !== "text-delta") continue;
    const writer = diskOf.get((event as { readonly delta: string }).delta.split(".")[0] ?? "");
    // The disk changes at most once before the next start: from the process that writes to the backlog of the next.
    if (!isFirst && writer !== disk) {
      must(disk !== undefined, "N4");
    }
    disk = writer;
    isFirst = false;
  }
}
