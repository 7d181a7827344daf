/** What must be true when everything has come to rest. */

import type { World } from "../world/world.ts";
import { checkRecords } from "./approval-records.ts";
import { checkApprovals } from "./approvals.ts";
import { checkAnswersToCommands } from "./commands.ts";
import { checkEpochs } from "./epochs.ts";
import { checkListing } from "./listing.ts";
import { checkMessages } from "./messages.ts";
import { checkPrompts } from "./prompts.ts";
import { checkReaders } from "./readers.ts";
import { checkRunners } from "./runners.ts";
import { checkTurns } from "./turns.ts";
import { checkWords } from "./words.ts";

/** Throws a `Violation` that names the rule. */
export function checkAll(world: World): void {
  const log = world.witness.events;
  world.object.peek((object) => {
    world.witness.read(object);
    world.witness.readAgain(object);
    world.witness.checkLoaded(object);
  });
  checkWords(world, log);
  checkReaders(world, log);
  checkPrompts(world, log);
  checkTurns(world, log);
  checkMessages(world, log);
  checkListing(world);
  checkAnswersToCommands(world, log);
  checkApprovals(world, log);
  checkRecords(world, log);
  checkEpochs(log);
  checkRunners(world);
}
