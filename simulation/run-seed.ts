/** One seed: a world, a time of faults, a time of peace, and what must be true then. */

import { use } from "./runtime/globals.ts";
import { Runtime, Violation } from "./runtime/runtime.ts";
import type { Trace } from "./runtime/runtime.ts";
import { checkAll } from "./rules/check.ts";
import { mend, strike } from "./world/faults.ts";
import { People } from "./world/people.ts";
import { World } from "./world/world.ts";

/** Events in the time of faults. */
const STORMY_STEPS = 1_200;

/** An act of a person, and a fault, for so many events. */
const STEPS_PER_ACT = 18;
const STEPS_PER_FAULT = 55;

/** How long the last faults may last, in simulated seconds. */
const LINGERING_SECONDS = 10;

/** How long everything may take to come to an end once nothing is broken any more, in simulated seconds. */
const PEACE_SECONDS = 30 * 60;

/** How long a dead link may go unnoticed, and then some, in simulated seconds. */
const QUIET_SECONDS = 180;

/** Events of a whole seed: ten times what the longest takes. Past them something goes round in circles. */
const MOST_STEPS = 60_000;

/** What one seed was. */
export interface SeedResult {
  readonly seed: number;
  readonly violation: string | undefined;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly positions: number;
  readonly prompts: number;
  readonly answers: number;
}

/** Runs a seed to its end. Never throws. */
export async function runSeed(seed: number, trace?: Trace): Promise<SeedResult> {
  const runtime = new Runtime(seed, trace);
  use(runtime);
  const faults: Record<string, number> = {};
  const world = new World(runtime);
  const result = (violation: string | undefined): SeedResult => ({
    seed,
    violation,
    events: runtime.steps,
    faults,
    positions: world.witness.head,
    prompts: world.deeds.prompts.length,
    answers: world.deeds.answers.length,
  });
  try {
    await world.begin();
    const people = new People(world);
    for (let step = 0; step < STORMY_STEPS; step += 1) {
      if (!(await world.step())) break;
      if (runtime.chance(1 / STEPS_PER_ACT)) people.act();
      if (!runtime.chance(1 / STEPS_PER_FAULT)) continue;
      const name = strike(world);
      faults[name] = (faults[name] ?? 0) + 1;
    }
    await makePeace(world, people);
    checkAll(world);
    return result(undefined);
  } catch (error) {
    world.witness.events.forEach((event, index) =>
      runtime.trace(`LOG ${index + 1} ${JSON.stringify(event)}`),
    );
    return result(error instanceof Violation ? error.message : `${(error as Error).stack}`);
  } finally {
    world.object.storage.close();
    world.index.storage.close();
  }
}

/** Nothing breaks any more, and people answer what is asked, until nothing is left to do. */
async function makePeace(world: World, people: People): Promise<void> {
  const { runtime } = world;
  runtime.trace("PEACE");
  const deadline = runtime.seconds + PEACE_SECONDS;
  const calm = runtime.seconds + LINGERING_SECONDS;
  for (let step = 0; ; step += 1) {
    if (step % 20 === 0) {
      mend(world);
      people.finish();
      if (world.isSettled() && runtime.seconds > calm) break;
    }
    if (runtime.seconds > deadline || runtime.steps > MOST_STEPS)
      throw new Violation(`It does not come to rest: ${world.unsettled()}`);
    await world.step();
  }
  // An intermediary that swallowed the last frames is noticed with the next one.
  people.last();
  const end = runtime.seconds + QUIET_SECONDS;
  while (runtime.seconds < end && (await world.step()));
  if (!world.isSettled()) throw new Violation(`It does not stay at rest: ${world.unsettled()}`);
}
