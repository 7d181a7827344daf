/** Prompts run at most once, and end. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { must, of } from "./common.ts";

/** N14 N15 T1 T4: a prompt that was taken is one turn, runs at most once, and ends. */
export function checkPrompts(
  { deeds, prompts, requests }: World,
  log: readonly SessionEvent[],
): void {
  const queued = of(log, "turn.queued").map(({ turn }) => turn);
  const ended = of(log, "turn.ended");
  must(new Set(queued).size === queued.length, "C1 a prompt was queued twice");
  must(
    new Set(deeds.prompts).size === deeds.prompts.length,
    `N15 a prompt ran twice: ${deeds.prompts.join()}`,
  );
  for (const id of prompts) {
    const accepted = requests.isAccepted(id);
    must(!accepted || queued.includes(id), `C3 ${id} was accepted, and is not in the log`);
  }
  for (const turn of queued) {
    const ends = ended.filter((end) => end.turn === turn);
    must(ends.length > 0, `T3 ${turn} has not ended`);
    const hasRun = deeds.prompts.includes(turn);
    must(
      hasRun || ends[0]?.outcome !== "completed",
      `T4 ${turn} is said to be completed, and never ran`,
    );
  }
}
