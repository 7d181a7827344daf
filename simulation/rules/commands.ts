/** A command has one answer. */

import type { World } from "../world/world.ts";
import { must, same } from "./common.ts";

/** C1: whoever sent a command, and however often, got the same answer. */
export function checkAnswersToCommands({ answers }: World): void {
  for (const [id, all] of answers)
    for (const answer of all)
      must(same(answer, all[0]), `C1 ${id} got different answers: ${JSON.stringify(all)}`);
}
