/** A machine with a disk on which a runner drives an agent: the product's runner, whole. */

import { runRunner } from "../../packages/cli/src/runner/run-runner.ts";
import type { RunEnd } from "../../packages/cli/src/runner/run-runner.ts";
import { Process } from "../runtime/runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { SimulatedAgent } from "./agent.ts";
import type { AgentHome } from "./agent.ts";
import type { Deeds, RunnerRecord } from "./deeds.ts";
import type { Dial } from "./page-socket.ts";
import { SimulatedDisk } from "./runner-disk.ts";
import { RunnerSockets } from "./runner-socket.ts";
import type { Spools } from "./spools.ts";

/** What a machine needs of the world. */
export interface MachineHost {
  readonly runtime: Runtime;
  readonly deeds: Deeds;
  readonly spools: Spools;
  readonly dialRunner: Dial;
  /** A runner starts. */
  onStart(machine: Machine): void;
  /** An agent begins to work on a prompt. */
  onPrompt(turn: string, runner: RunnerRecord): void;
  /** An agent gets the answer to a question. */
  onAgentAnswer(toolCall: string, runner: RunnerRecord): void;
  onEnd(machine: Machine, end: RunEnd): void;
}

interface RunningRunner {
  readonly process: Process;
  readonly record: RunnerRecord;
  readonly sockets: RunnerSockets;
  readonly agents: SimulatedAgent[];
}

/** One machine. */
export class Machine {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly #host: MachineHost;
  readonly #home: AgentHome;
  #running: RunningRunner | undefined;
  /** Every runner that has run here. */
  readonly records: RunnerRecord[] = [];

  /** @param isSteady Whether its agents work on a prompt without a question or an accident, and can go on with an old session. */
  constructor(name: string, host: MachineHost, isSteady = false) {
    const { runtime } = host;
    this.name = name;
    this.#host = host;
    this.disk = new SimulatedDisk(runtime, name, host.spools);
    this.#home = {
      sessions: new Map(),
      isSteady,
      offers: { resume: runtime.chance(0.4) || isSteady, load: runtime.chance(0.5) },
    };
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get process(): Process | undefined {
    return this.#running?.process;
  }

  /** The runner that runs now. */
  get runner(): RunnerRecord | undefined {
    return this.#running?.record;
  }

  /** Starts a runner on this machine's disk. */
  start(): void {
    if (this.#running !== undefined) return;
    const { runtime, deeds, dialRunner } = this.#host;
    this.#host.onStart(this);
    const name = `r${deeds.runners.length}`;
    const record: RunnerRecord = { name, disk: this.name, words: [], mayHaveLost: false };
    deeds.runners.push(record);
    this.records.push(record);
    const process = new Process(`runner ${name} on ${this.name}`);
    const sockets = new RunnerSockets(runtime, process, dialRunner);
    const agents: SimulatedAgent[] = [];
    const running = { process, record, sockets, agents };
    this.#running = running;
    runtime.trace(`${process.name} starts`);
    runtime.run(process, () => {
      const run = runRunner(
        {
          url: "ws://session.test",
          token: async () => "token",
          renewsToken: true,
          agent: { command: "agent", args: [], cwd: "/" },
          clientInfo: { name: "simulation", version: "1" },
          signal: new AbortController().signal,
          log: (line) => {
            runtime.trace(`${process.name}: ${line}`);
            const epoch = /\(epoch (\d+)\)/.exec(line)?.[1];
            if (epoch !== undefined) record.epoch = Number(epoch);
          },
        },
        {
          disk: this.disk,
          openSocket: sockets.open,
          newId: () => runtime.newId(),
          connectAgent: async (_command, listener) => {
            const agent = new SimulatedAgent(
              {
                runtime,
                deeds,
                home: this.#home,
                runner: record,
                agents: agents.length,
                listener,
                onPrompt: (turn) => this.#host.onPrompt(turn, record),
                onAnswer: (toolCall) => this.#host.onAgentAnswer(toolCall, record),
              },
              process,
            );
            agents.push(agent);
            return agent;
          },
        },
      );
      run.then(
        (end) => this.#ended(running, end),
        (error: Error) => this.#ended(running, { kind: "failed", error }),
      );
    });
  }

  /** The process is killed. What it wrote stays. */
  kill(): void {
    this.#end(true);
  }

  /** The machine loses power: what was not synced may be lost. */
  losePower(): void {
    const record = this.#running?.record;
    this.#end(this.#host.runtime.chance(0.3));
    if (this.disk.losePower()) for (const each of this.records) each.mayHaveLost = true;
    if (record !== undefined) record.mayHaveLost = true;
  }

  /** The agent dies; the runner lives. */
  killAgent(): void {
    this.#running?.agents.at(-1)?.crash("was killed");
  }

  /** The process stands still for a while. */
  stop(milliseconds: number): void {
    if (this.#running !== undefined)
      this.#running.process.sleepsUntil = this.#host.runtime.now() + milliseconds;
  }

  #ended(running: RunningRunner, end: RunEnd): void {
    if (this.#running !== running) return;
    this.#host.runtime.trace(`${running.process.name} ends: ${JSON.stringify(end)}`);
    this.#end(true);
    this.#host.onEnd(this, end);
  }

  #end(isTold: boolean): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.process.isAlive = false;
    for (const agent of running.agents) agent.crash("lost its runner");
    running.sockets.orphan(isTold);
  }
}
