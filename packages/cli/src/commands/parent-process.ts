import { isObject } from "perdure/protocol";
import type { IdleControl, OnLeaving } from "../runner/index.ts";

/**
 * Lets the process that has started this one, where that is a gateway, ask for how long the runner has been idle, and have it
 * leave. Tells it before the runner leaves. Where the gateway is gone, nobody asks any more.
 */
export function obeyParent({ idleFor, leave }: IdleControl): OnLeaving {
  if (process.send === undefined) return () => {};
  process.on("message", (message: unknown) => {
    const ask = isObject(message) ? message["ask"] : undefined;
    if (ask === "leave") leave();
    if (ask === "idle") tell({ idleMs: idleFor() ?? null });
  });
  // A parent that listens is no reason to live.
  process.channel?.unref();
  // Nor is one that is gone a reason to die, although what was written to it goes nowhere.
  process.stderr.on("error", () => {});
  return () => tell({ leaving: true });
}

function tell(message: object): void {
  if (process.connected) process.send?.(message);
}
