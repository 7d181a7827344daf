/** One session, the object that it lives in, the machines that drive agents for it, and the people who look at it. */

import type { Command, Reply } from "../../packages/perdure/src/protocol/index.ts";
import type { ConnectionKind, Identity } from "../../packages/perdure/src/object/index.ts";
import { upgradeRequest } from "../../packages/perdure/src/object/index.ts";
import type { SessionListing } from "../../packages/perdure/src/session/rpc.ts";
import type { RunEnd } from "../../packages/cli/src/runner/run-runner.ts";
import { ObjectHost } from "../platform/object-host.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Deeds, RunnerRecord } from "./deeds.ts";
import { checkEnd, isBegun } from "../rules/runners.ts";
import { Frames } from "./frames.ts";
import type { MachineHost } from "./machine.ts";
import { Machine } from "./machine.ts";
import type { Answer, PageHost } from "./page.ts";
import { Page } from "./page.ts";
import { untoldTo } from "../rules/listing.ts";
import { Memory } from "./memory.ts";
import type { Sender } from "./requests.ts";
import { Requests } from "./requests.ts";
import type { Dial } from "./page-socket.ts";
import { SimulatedIndex, SimulatedSession } from "./simulated-session.ts";
import { Spools } from "./spools.ts";
import { Witness } from "./witness.ts";

const OWNER: Identity = { subject: "owner", role: "admin", expiresAt: null };

/** What is in memory is looked at once in so many events. */
const STEPS_PER_LOOK = 10;

/** The world of one seed. */
export class World implements PageHost, MachineHost {
  readonly runtime: Runtime;
  readonly object: ObjectHost<SimulatedSession>;
  readonly index: ObjectHost<SimulatedIndex>;
  readonly spools = new Spools();
  readonly witness = new Witness(this.spools);
  readonly deeds: Deeds = {
    prompts: [],
    questions: [],
    answers: [],
    runners: [],
    turnOf: new Map(),
  };
  readonly pages: readonly Page[];
  readonly machines: Machine[] = [];
  readonly requests = new Requests();
  readonly memory: Memory;
  /** Who tried to create the session once more, and what came of it. */
  readonly creations: { readonly by: string; readonly outcome: string }[] = [];
  /** Ids of prompts that were given to a client or posted. */
  readonly prompts: string[] = [];
  readonly frames: Frames;
  #connections = 0;
  /** Posts that have no answer yet. */
  #posting = 0;

  /** @param Session What the object is an instance of. */
  constructor(runtime: Runtime, Session: typeof SimulatedSession = SimulatedSession) {
    this.runtime = runtime;
    this.index = new ObjectHost(runtime, "index", SimulatedIndex, {});
    this.object = new ObjectHost(runtime, "object", Session, {
      SESSION_INDEX: { getByName: () => this.#indexStub() },
    });
    this.object.onEnd = (object) => this.witness.read(object);
    const frames = new Frames(runtime, this.witness, this.spools);
    this.frames = frames;
    this.object.observer = frames;
    this.object.storage.onConfirmed = () => {
      this.witness.headBefore = this.witness.head;
      this.object.look((object) => this.witness.read(object));
    };
    this.memory = new Memory({
      now: () => (this.object.storage.isFull ? undefined : runtime.now()),
      refusals: () => this.object.storage.refusals,
    });
    this.object.onWake = (object) => {
      // Not always: to look is to load, and some paths must load by themselves.
      if (runtime.chance(0.5)) return;
      this.witness.read(object);
      if (!object.isCreated) return;
      this.witness.checkLoaded(object);
    };
    this.pages = [
      new Page("page 1", this, true),
      new Page("page 2", this, true),
      new Page("page 3", this, false),
    ];
  }

  /** The session is created, and everybody comes. */
  async begin(): Promise<void> {
    const created = this.object.call((object) => object.create(OWNER, { id: "s" }));
    void created.catch((error: unknown) => this.runtime.faults.push(error));
    while (this.witness.head === 0 && (await this.step()));
    for (const page of this.pages) page.load();
    this.newMachine().start();
  }

  /** The next thing happens, and what is durable then is looked at. */
  async step(): Promise<boolean> {
    const isAlive = await this.runtime.step();
    this.look();
    return isAlive;
  }

  /** Holds the world against what must be true at any moment. */
  look(): void {
    this.runtime.check();
    if (this.object.storage.isDirty) return;
    this.object.look((object) => {
      this.witness.read(object);
      this.frames.settled(this.object.sockets, this.object.storage.isFull);
      if (this.runtime.steps % STEPS_PER_LOOK === 0) this.memory.check(object, this.witness);
    });
  }

  /** The machine that a person would start a runner on now. */
  get machine(): Machine {
    const last = this.machines.at(-1);
    if (last === undefined) throw new Error("There is no machine.");
    return last;
  }

  newMachine(isSteady = false): Machine {
    const machine = new Machine(`m${this.machines.length}`, this, isSteady);
    this.machines.push(machine);
    return machine;
  }

  /** Whether nothing is left to do. */
  isSettled(): boolean {
    return this.unsettled() === "";
  }

  /** What is left to do. */
  unsettled(): string {
    const { state } = this.witness;
    const left = this.pages.flatMap(({ name, client, isSettled }) => {
      const { link, outbox } = client.getState();
      return isSettled ? [] : [`${name} is ${link} with ${outbox.length} commands`];
    });
    if (state.turns.length > 0)
      left.push(`turns ${JSON.stringify(state.turns.map(({ id, state: is }) => `${id} ${is}`))}`);
    if (state.approvals.length > 0) left.push(`${state.approvals.length} approvals`);
    if (state.open !== undefined && state.lifecycle !== "terminated") left.push("a message");
    if (this.#posting > 0) left.push(`${this.#posting} posts`);
    const untold = untoldTo(this);
    if (untold !== "") left.push(untold);
    return left.join("; ");
  }

  // -------------------------------------------------------------------------------------------- the network

  /** A page dials. */
  readonly dial: Dial = (end, answer) => this.#dial("reader", "participant", end, answer);

  readonly dialRunner: Dial = (end, answer) => this.#dial("runner", "runner", end, answer);

  /** A command by HTTP: the answer may be lost, and the caller tries again with the same id until there is one. */
  post(label: string, command: Command, by: Sender, id = label): void {
    const { runtime } = this;
    this.#posting += 1;
    const again = () =>
      runtime.afterOutside(runtime.between(100, 5_000), () => {
        this.#posting -= 1;
        this.post(label, command, by, id);
      });
    void this.object
      .call((object) => object.command({ ...by, expiresAt: null }, id, command))
      .then(
        (reply) => {
          const answer = answerOf(reply);
          this.onAnswer(label, answer);
          // The caller may not hear it.
          if (runtime.chance(0.2) || isPassing(answer)) return again();
          this.#posting -= 1;
          return undefined;
        },
        () => again(),
      );
  }

  /** Somebody creates the session that is there. */
  create(by: string): void {
    const identity: Identity = { subject: by, role: "admin", expiresAt: null };
    const { storage } = this.object;
    const { refusals } = storage;
    void this.object
      .call((object) => object.create(identity, { id: "s" }))
      .then(
        (result) => {
          const outcome = result.ok ? `created: ${result.value.created}` : result.error.code;
          // It writes nothing itself, but what is committed with it may.
          if (outcome === "internal" && storage.refusals !== refusals) return undefined;
          return this.creations.push({ by, outcome });
        },
        () => {},
      );
  }

  // -------------------------------------------------------------------------------------------- what is heard

  onAnswer(label: string, answer: Answer): void {
    if (!isPassing(answer)) this.requests.answer(label, answer);
  }

  onRetracted(words: readonly string[]): void {
    // Nobody sends anything again to a session that is over.
    if (this.witness.state.lifecycle === "terminated") return;
    for (const word of words) {
      const runner = this.machine.runner;
      // Only the producer that lives and has the claim keeps what it has shown.
      const newest = this.frames.epoch;
      const mayWrite = runner?.epoch === newest && newest === this.witness.state.runner?.epoch;
      if (mayWrite && !runner?.mayHaveLost && runner?.name === word.split(".")[0])
        this.runtime.fail(`R24 "${word}" was on the screen and is gone, and its runner lives.`);
    }
  }

  /** A runner takes the claim from those of other machines: what they still held is dropped. */
  onStart(machine: Machine): void {
    for (const other of this.machines)
      if (other !== machine) for (const record of other.records) record.mayHaveLost = true;
  }

  onPrompt(turn: string, runner: RunnerRecord): void {
    const { witness } = this;
    const queued = witness.events.findIndex(
      (event) => event.type === "turn.queued" && event.turn === turn,
    );
    const hasBegun = witness.events.some(
      (event) => event.type === "command.begun" && event.command === queued + 1,
    );
    if (!hasBegun)
      this.runtime.fail(
        `N14 ${runner.name} works on ${turn}, and the durable log does not say so.`,
      );
  }

  onAgentAnswer(toolCall: string, runner: RunnerRecord): void {
    if (!isBegun(this.witness.events, toolCall))
      this.runtime.fail(
        `N14 ${runner.name} answers ${toolCall}, and the durable log does not say so.`,
      );
  }

  onEnd(machine: Machine, end: RunEnd): void {
    for (const rule of checkEnd(machine, end, this.spools)) this.runtime.fail(rule);
    const record = machine.records.at(-1);
    // Another runner took over, or the session is over: what it still held is dropped.
    if (end.kind === "closed") for (const each of machine.records) each.mayHaveLost = true;
    // An event that could not be kept ends the runner: that one is lost.
    if (end.kind === "failed" && record !== undefined) record.mayHaveLost = true;
  }

  #dial(
    kind: ConnectionKind,
    role: "participant" | "runner",
    end: Parameters<Dial>[0],
    answer: Parameters<Dial>[1],
  ): void {
    this.#connections += 1;
    const name = `${kind} ${this.#connections}`;
    const request = upgradeRequest({ kind, role, subject: "somebody", expiresAt: null });
    this.object.upgrade(name, request, end, answer);
  }

  /** The list's object, as the session reaches it: late, or not at all. */
  #indexStub() {
    const { runtime, index } = this;
    return {
      upsert: (listing: SessionListing, version: number) => {
        const caller = runtime.process;
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const answer = (settle: () => void): void => {
          if (caller !== undefined) runtime.run(caller, settle);
        };
        const arrive = (): void => {
          if (runtime.chance(0.1))
            return answer(() => reject(new Error("Network connection lost.")));
          void index
            .call((object) => object.upsert(listing, version))
            .then(
              () => answer(resolve),
              (error: unknown) => answer(() => reject(error)),
            );
          return undefined;
        };
        // The output gate holds calls of other objects, too.
        this.object.gate(() => runtime.afterOutside(runtime.between(1, 20), arrive));
        return promise;
      },
    };
  }
}

/** Whether the same id may be tried again, and may get another answer. */
function isPassing(answer: Answer): boolean {
  return (
    !answer.ok && (answer.problem.code === "internal" || answer.problem.code === "too_many_turns")
  );
}

function answerOf(reply: Reply): Answer {
  return reply.ok ? reply : { ok: false, problem: reply.error };
}
