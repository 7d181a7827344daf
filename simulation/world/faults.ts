/** What goes wrong. */

import type { Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** A fault: its name, how often it comes, and what it does. */
interface Fault {
  readonly name: string;
  readonly weight: number;
  readonly strike: (world: World) => void;
}

const FAULTS: readonly Fault[] = [
  {
    name: "object crashes",
    weight: 10,
    strike: ({ object }) => object.crash("the process is gone"),
  },
  { name: "object is evicted", weight: 14, strike: ({ object }) => object.evict() },
  { name: "deploy", weight: 3, strike: ({ object }) => object.deploy() },
  { name: "storage is full", weight: 4, strike: fillStorage },
  { name: "runner is killed", weight: 6, strike: killRunner },
  { name: "runner's machine loses power", weight: 4, strike: losePower },
  { name: "runner's disk is lost", weight: 4, strike: loseDisk },
  { name: "runner's disk is full", weight: 2, strike: fillDisk },
  { name: "another runner takes over", weight: 5, strike: takeOver },
  { name: "an old machine comes back", weight: 3, strike: comeBack },
  { name: "runner is stopped", weight: 4, strike: stopRunner },
  { name: "agent dies", weight: 5, strike: ({ machine }) => machine.killAgent() },
  { name: "a link is cut", weight: 10, strike: cut },
  { name: "a link loses frames", weight: 8, strike: drop },
  {
    name: "a page is loaded again",
    weight: 6,
    strike: ({ runtime, pages }) => runtime.oneOf(pages).load(),
  },
  {
    name: "list's object crashes",
    weight: 2,
    strike: ({ index }) => index.crash("the process is gone"),
  },
];

const TOTAL = FAULTS.reduce((sum, { weight }) => sum + weight, 0);

/** Something goes wrong. Answers what. */
export function strike(world: World): string {
  let die = world.runtime.below(TOTAL);
  for (const { name, weight, strike: happen } of FAULTS) {
    die -= weight;
    if (die >= 0) continue;
    world.runtime.trace(`FAULT ${name}`);
    happen(world);
    return name;
  }
  throw new Error("The weights do not add up.");
}

/** Nothing is broken any more: disks have room, and a runner runs, or comes back soon. */
export function mend(world: World): void {
  world.object.storage.isFull = false;
  for (const { disk } of world.machines) disk.isFull = false;
  if (!world.machines.some(({ isRunning }) => isRunning)) world.machine.start();
}

function fillStorage({ object, runtime }: World): void {
  object.storage.isFull = true;
  runtime.after(runtime.between(10, 3_000), () => {
    object.storage.isFull = false;
  });
}

function killRunner({ machine, runtime }: World): void {
  machine.kill();
  runtime.after(runtime.between(10, 5_000), () => machine.start());
}

function losePower({ machine, runtime }: World): void {
  machine.losePower();
  runtime.after(runtime.between(100, 20_000), () => machine.start());
}

function loseDisk(world: World): void {
  for (const record of world.machine.records) record.mayHaveLost = true;
  world.machine.kill();
  const next = world.newMachine();
  world.runtime.after(world.runtime.between(10, 5_000), () => next.start());
}

function fillDisk({ machine, runtime }: World): void {
  machine.disk.isFull = true;
  runtime.after(runtime.between(10, 3_000), () => {
    machine.disk.isFull = false;
    machine.start();
  });
}

/** A second runner, on another machine, while the first one lives. */
function takeOver(world: World): void {
  for (const record of world.machine.records) record.mayHaveLost = true;
  world.newMachine().start();
}

/** A machine of the past is started again, with what its disk still holds. */
function comeBack({ machines, runtime }: World): void {
  const machine = runtime.oneOf(machines);
  if (machine.isRunning) return;
  for (const other of machines)
    if (other !== machine) for (const record of other.records) record.mayHaveLost = true;
  machines.splice(machines.indexOf(machine), 1);
  machines.push(machine);
  machine.start();
}

function stopRunner({ machine, runtime }: World): void {
  machine.stop(runtime.between(100, 60_000));
}

function cut({ object, runtime }: World): void {
  const wire = someWire(object.wires, (bound) => runtime.below(bound));
  const tells = { dialling: runtime.chance(0.6), dialled: runtime.chance(0.6) };
  wire?.cut(tells);
}

function drop({ object, runtime }: World): void {
  const wire = someWire(object.wires, (bound) => runtime.below(bound));
  const from = runtime.chance(0.7) ? 1 : 0;
  // A single frame, perhaps in the middle of a text, or all that is said in a while.
  const milliseconds = runtime.chance(0.4) ? runtime.between(1, 60) : runtime.between(50, 6_000);
  wire?.drop(from, milliseconds);
  // The next one is no better.
  if (!runtime.chance(0.3)) return;
  wire?.cut({ dialling: true, dialled: true });
  object.nextDrops = { from, milliseconds };
}

function someWire(wires: readonly Wire[], below: (bound: number) => number): Wire | undefined {
  return wires.length === 0 ? undefined : wires[below(wires.length)];
}
