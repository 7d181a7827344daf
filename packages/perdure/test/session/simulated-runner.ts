import type { RunnerCommand, RunnerEvent, RunnerServerFrame } from "../../src/protocol/index.ts";
import type { FakeLink } from "../support/fake-link.ts";
import { QUESTION } from "../support/fake-runner.ts";
import type { SessionWorld } from "../support/session-world.ts";

/** A spool file: what it holds outlives the process, unless the machine is lost. */
export class Disk {
  readonly id: string;
  next = 1;
  held: { readonly r: number; readonly e: RunnerEvent }[] = [];
  readonly begun = new Set<number>();
  /** Every delta that was ever written to it. */
  readonly written: string[] = [];

  constructor(id: string) {
    this.id = id;
  }
}

/** What agents really did, whoever died since. */
export interface AgentDeeds {
  readonly prompts: string[];
  readonly answers: { readonly approval: string; readonly option: string }[];
}

/** A runner process with an agent, in a world where its frames may wait, be lost or be cut off. */
export class SimulatedRunner {
  readonly #world: SessionWorld;
  readonly #deeds: AgentDeeds;
  readonly #random: (below: number) => number;
  readonly #process: string;
  readonly disk: Disk;
  isAlive = true;
  link: FakeLink | undefined;
  /** Frames that are under way to the object. */
  upstream: string[] = [];
  #epoch: number | undefined;
  #incarnation = "";
  #isWelcome = false;
  #hasStarted = false;
  #queue: RunnerCommand[] = [];
  #waits: { readonly command: RunnerCommand; readonly r: number } | undefined;
  #turn: string | undefined;
  #left = 0;
  #question: string | undefined;

  constructor(
    world: SessionWorld,
    deeds: AgentDeeds,
    random: (below: number) => number,
    process: string,
    disk: Disk,
  ) {
    this.#world = world;
    this.#deeds = deeds;
    this.#random = random;
    this.#process = process;
    this.disk = disk;
  }

  dial(): void {
    this.link = this.#world.connect("runner");
    this.#isWelcome = false;
    const epoch = this.#epoch === undefined ? {} : { epoch: this.#epoch };
    const first = this.disk.held[0]?.r ?? this.disk.next;
    const { id: spool } = this.disk;
    const hello = { t: "hello", v: 1, process: this.#process, spool, first, ...epoch };
    this.upstream = [JSON.stringify(hello)];
  }

  /** One frame that is under way arrives. */
  async deliver(): Promise<void> {
    const { link } = this;
    if (link === undefined || !this.isAlive) return;
    if (link.closed !== undefined) {
      if (link.closed.code === 4409) this.isAlive = false;
      this.link = undefined;
      return;
    }
    const isUp = this.upstream.length > 0 && (link.texts.length === 0 || this.#random(2) === 0);
    if (isUp) await this.#world.session.receive(link, this.upstream.shift() ?? "");
    else {
      const text = link.texts.shift();
      if (text !== undefined) this.#receive(JSON.parse(text) as RunnerServerFrame);
    }
  }

  /** The agent says a word, asks, or ends its turn. */
  step(): void {
    if (!this.isAlive || this.#turn === undefined || this.#question !== undefined) return;
    this.#left -= 1;
    const at = this.#world.clock.now();
    if (this.#left > 0 && this.#random(8) === 0) {
      const approval = `${this.#process}.${this.disk.next}`;
      this.#question = approval;
      const input = { n: this.#random(2) };
      const turn = this.#turn;
      this.#emit({ type: "approval.requested", approval, turn, ...QUESTION, input, at });
    } else if (this.#left > 0) {
      const delta = `${this.disk.id}/${this.disk.next} `;
      this.disk.written.push(delta);
      this.#emit({ type: "text-delta", id: "t", delta });
    } else {
      this.#emit({ type: "turn.ended", turn: this.#turn, outcome: "completed", at });
      this.#turn = undefined;
      this.#next();
    }
  }

  /** Nothing has been acknowledged for long. */
  resend(): void {
    if (this.#isWelcome) this.#sendFrom(0);
  }

  #receive(frame: RunnerServerFrame): void {
    const hasForgotten = this.#incarnation !== "" && this.#incarnation !== frame.i;
    this.#incarnation = frame.i;
    if (hasForgotten && frame.t !== "welcome" && frame.t !== "expect") this.#sendFrom(0);
    switch (frame.t) {
      case "welcome":
        this.#epoch = frame.epoch;
        this.#isWelcome = true;
        this.#acknowledged(frame.r, frame.turn);
        this.#sendFrom(0);
        if (!this.#hasStarted) this.#start(frame.epoch);
        return;
      case "ack":
        return this.#acknowledged(frame.r, frame.turn);
      case "expect":
        return this.#sendFrom(frame.r + 1);
      case "command":
        this.#queue.push(frame.command);
        return this.#next();
      case "error":
        throw new Error(frame.error.detail);
    }
  }

  #start(epoch: number): void {
    this.#hasStarted = true;
    const at = this.#world.clock.now();
    this.#emit({ type: "runner.started", epoch, agent: { name: "a" }, restored: "new", at });
  }

  #acknowledged(r: number, turn: string | null): void {
    this.disk.held = this.disk.held.filter((one) => one.r > r);
    if (this.#turn !== undefined && this.#turn !== turn) {
      // It was cancelled while this runner was away.
      this.#question = undefined;
      this.#left = 1;
    }
    const waits = this.#waits;
    if (waits === undefined || waits.r > r) return;
    this.#waits = undefined;
    this.#act(waits.command, turn);
    this.#next();
  }

  /** Commit before act: only now the log says that it was begun. */
  #act(command: RunnerCommand, turn: string | null): void {
    if (command.kind === "prompt" && turn === command.turn) {
      this.#deeds.prompts.push(command.turn);
      this.#turn = command.turn;
      this.#left = 2 + this.#random(12);
    }
    if (command.kind === "answer" && this.#question === command.approval) {
      this.#deeds.answers.push({ approval: command.approval, option: command.option });
      this.#question = undefined;
    }
    if (command.kind === "cancel" && this.#turn === command.turn) {
      this.#question = undefined;
      this.#left = 1;
    }
  }

  #next(): void {
    this.#queue = this.#queue.filter(({ command }) => !this.disk.begun.has(command));
    if (this.#waits !== undefined) return;
    const index = this.#queue.findIndex(
      ({ kind }) => kind !== "prompt" || this.#turn === undefined,
    );
    const [command] = index === -1 ? [] : this.#queue.splice(index, 1);
    if (command === undefined) return;
    this.disk.begun.add(command.command);
    this.#waits = { command, r: this.disk.next };
    const at = this.#world.clock.now();
    this.#emit({ type: "command.begun", command: command.command, at });
  }

  #emit(e: RunnerEvent): void {
    this.disk.held.push({ r: this.disk.next++, e });
    if (this.#isWelcome) this.#sendFrom(this.disk.next - 1);
  }

  #sendFrom(r: number): void {
    const events = this.disk.held.filter((one) => one.r >= r);
    const [first] = events;
    if (first === undefined || this.link === undefined) return;
    const frame = { t: "events", epoch: this.#epoch, r: first.r, e: events.map(({ e }) => e) };
    this.upstream.push(JSON.stringify(frame));
  }
}
