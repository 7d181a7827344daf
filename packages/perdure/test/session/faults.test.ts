import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { EMPTY_STATE, reduce } from "../../src/protocol/index.ts";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld } from "../support/session-world.ts";
import type { AgentDeeds } from "./simulated-runner.ts";
import { Disk, SimulatedRunner } from "./simulated-runner.ts";

const SEEDS = 300;
const STEPS = 160;

/** Small, fast and good enough: mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One session, its runners, two readers, and everything that may happen to them. */
class Simulation {
  readonly random: (below: number) => number;
  readonly world: SessionWorld;
  readonly deeds: AgentDeeds = { prompts: [], answers: [] };
  readonly disks: Disk[] = [];
  readonly readers: LiveReader[];
  readonly prompts: string[] = [];
  /** Runners of the past that do not know it yet. One that said its first hello last has the claim all the same. */
  zombies: SimulatedRunner[] = [];
  runner: SimulatedRunner;
  #processes = 0;

  private constructor(world: SessionWorld, random: (below: number) => number) {
    this.world = world;
    this.random = random;
    this.runner = this.#newRunner(this.#newDisk());
    this.readers = [new LiveReader(world, 0), new LiveReader(world, 0)];
  }

  static async of(seed: number): Promise<Simulation> {
    const simulation = new Simulation(await SessionWorld.created(), randomOf(seed));
    for (const reader of simulation.readers) await reader.connect();
    return simulation;
  }

  get alive(): readonly SimulatedRunner[] {
    return [this.runner, ...this.zombies].filter(({ isAlive }) => isAlive);
  }

  /** One thing happens. */
  async step(): Promise<void> {
    const die = this.random(100);
    if (die < 45) await this.#oneOf([this.runner, ...this.zombies]).deliver();
    else if (die < 65) this.#oneOf([this.runner, ...this.zombies]).step();
    else if (die < 75) await this.#oneOf(this.readers).pump();
    else if (die < 80) this.world.clock.advance(300);
    else if (die < 85) await this.reconnect();
    else if (die < 88) await this.#prompt();
    else if (die < 92) await this.decide();
    else if (die < 93) await this.#cancel();
    else if (die < 95) await this.#acknowledge();
    else this.#fault();
  }

  /** Every peer that lost its connection dials again. */
  async reconnect(): Promise<void> {
    for (const runner of this.alive) if (runner.link === undefined) runner.dial();
    for (const reader of this.readers) if (reader.link.closed !== undefined) await reader.connect();
  }

  /** Somebody answers an open question, perhaps twice, perhaps differently. */
  async decide(): Promise<void> {
    for (const { approval, state } of this.world.session.state.approvals)
      if (state === "pending")
        for (const by of ["ann", "bob"])
          await this.world.decide(`${by}-${approval}`, approval, this.#oneOf(["yes", "no"]), by);
  }

  /** Nothing breaks any more, and everybody tries again until nothing is left to do. */
  async heal(): Promise<void> {
    for (let round = 0; round < 400; round += 1) {
      await this.reconnect();
      for (const runner of this.alive) {
        for (let n = 0; n < 6; n += 1) await runner.deliver();
        runner.step();
        if (round % 20 === 19) runner.resend();
      }
      await this.decide();
      this.world.clock.advance(300);
      for (const reader of this.readers) await reader.pump();
      const isDone = this.alive.every(({ disk }) => disk.held.length === 0);
      if (round > 60 && isDone && this.world.session.state.turns.length === 0) return;
    }
    throw new Error("it did not come to rest");
  }

  #fault(): void {
    const fault = this.random(6);
    if (fault < 2) return this.world.evict();
    if (fault === 2) {
      // Sometimes only the peer notices.
      const { link } = this.runner;
      if (link !== undefined && this.random(2) === 0) this.world.disconnect(link);
      this.runner.link = undefined;
    } else if (fault === 3) {
      const { link } = this.#oneOf(this.readers);
      if (link.closed === undefined) this.world.disconnect(link);
    } else {
      const isKept = this.random(2) === 0;
      if (fault === 4) this.#kill(this.runner);
      // A second process beside the first, on a disk of its own.
      else this.zombies.push(this.runner);
      const disk = fault === 4 && isKept ? this.runner.disk : this.#newDisk();
      this.runner = this.#newRunner(disk);
    }
  }

  #kill(runner: SimulatedRunner): void {
    runner.isAlive = false;
    if (runner.link?.closed === undefined && runner.link !== undefined)
      this.world.disconnect(runner.link);
  }

  async #prompt(): Promise<void> {
    const isAgain = this.prompts.length > 0 && this.random(3) === 0;
    const id = isAgain ? this.#oneOf(this.prompts) : `prompt-${this.prompts.length}`;
    if (!isAgain) this.prompts.push(id);
    const reply = await this.world.prompt(id);
    if (!reply.ok) throw new Error(reply.error.detail);
  }

  async #cancel(): Promise<void> {
    await this.world.command(`cancel-${this.world.clock.now()}`, { op: "cancel" });
  }

  async #acknowledge(): Promise<void> {
    const reader = this.#oneOf(this.readers);
    if (reader.link.closed === undefined) await reader.acknowledge();
  }

  #newDisk(): Disk {
    const disk = new Disk(`spool-${this.disks.length}`);
    this.disks.push(disk);
    return disk;
  }

  #newRunner(disk: Disk): SimulatedRunner {
    this.#processes += 1;
    const { world, deeds, random } = this;
    return new SimulatedRunner(world, deeds, random, `process-${this.#processes}`, disk);
  }

  #oneOf<T>(list: readonly T[]): T {
    const one = list[this.random(list.length)];
    if (one === undefined) throw new Error("nothing to choose from");
    return one;
  }
}

function check({ world, readers, disks, alive, deeds, prompts }: Simulation): void {
  expect(alive, "one process is left").toHaveLength(1);
  const log = world.events();
  expect(log, "positions are contiguous").toHaveLength(world.session.events(0).head);

  const deltas = log.flatMap((event) => (event.type === "text-delta" ? [event.delta] : []));
  for (const disk of disks) {
    const taken = deltas.filter((delta) => delta.startsWith(`${disk.id}/`));
    const hasSurvived = alive.some((runner) => runner.disk === disk);
    const written = hasSurvived ? disk.written : disk.written.slice(0, taken.length);
    expect(taken, "events of a spool, once each and in order").toEqual(written);
  }

  const state = log.reduce((before, event, index) => reduce(before, event, index + 1), EMPTY_STATE);
  for (const reader of readers) {
    const read = reader.durable.map(({ event }) => event);
    expect(JSON.stringify(read), "a reader gives out the log").toBe(JSON.stringify(log));
    expect(JSON.stringify(reader.messages)).toBe(JSON.stringify(state.messages));
  }
  const table = world.session.history.messages(undefined, 200).messages;
  expect(JSON.stringify(table), "the table of messages").toBe(
    JSON.stringify(state.messages.slice(-200)),
  );

  expect(new Set(deeds.prompts).size, "a prompt runs at most once").toBe(deeds.prompts.length);
  expect(of(log, "turn.queued").map(({ turn }) => turn)).toEqual(prompts);
  // A turn that was cancelled without its runner is ended by that once more, without effect.
  const ended = new Set(of(log, "turn.ended").map(({ turn }) => turn));
  expect([...ended].toSorted()).toEqual(prompts.toSorted());

  const decided = of(log, "approval.decided");
  const options = new Map(decided.map(({ approval, option }) => [approval, option]));
  expect(options.size, "one decision for each question").toBe(decided.length);
  expect(new Set(deeds.answers.map(({ approval }) => approval)).size).toBe(deeds.answers.length);
  for (const { approval, option } of deeds.answers) expect(options.get(approval)).toBe(option);

  const epochs = of(log, "runner.started").map(({ epoch }) => epoch);
  expect(new Set(epochs).size, "each process starts once").toBe(epochs.length);
  expect(epochs.at(-1), "the newest claim wins").toBe(Math.max(...epochs));
}

function of<Type extends SessionEvent["type"]>(log: readonly SessionEvent[], type: Type) {
  return log.flatMap((event) =>
    event.type === type ? [event as Extract<SessionEvent, { type: Type }>] : [],
  );
}

test("L1 L2 R12 R22 N6 N15 A2 A12 whatever dies, the log is whole, both readers have it, and nothing happens twice", async () => {
  let answered = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const simulation = await Simulation.of(seed);
    try {
      for (let step = 0; step < STEPS; step += 1) await simulation.step();
      await simulation.heal();
      check(simulation);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    answered += simulation.deeds.answers.length;
  }
  // It has exercised what it is about.
  expect(answered).toBeGreaterThan(SEEDS / 4);
}, 60_000);
