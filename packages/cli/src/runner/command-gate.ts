import type { RunnerCommand } from "perdure/protocol";
import type { RelayAgent } from "./relay-ports.ts";

type PromptCommand = Extract<RunnerCommand, { readonly kind: "prompt" }>;

/** What the gate needs of the relay around it. */
export interface CommandGatePorts {
  readonly agent: RelayAgent;
  /** Writes `command.begun` of this number and returns the number of that event. */
  readonly begin: (command: number) => number;
  /** Whether a `command.begun` of this number was ever written. */
  readonly hasBegun: (command: number) => boolean;
  /** Whether a new prompt may begin now. */
  readonly mayPrompt: () => boolean;
}

/**
 * Lets each command through to the agent at most once, and only after the log says that it was begun.
 *
 * A command is known by its number, in a set: an answer overtakes the prompts that wait behind the running turn, so the
 * highest number seen says nothing. Prompts are begun one at a time; answers and cancellations at any time.
 */
export class CommandGate {
  readonly #ports: CommandGatePorts;
  readonly #known = new Set<number>();
  /** What arrived before the process had said that it started. */
  #early: readonly RunnerCommand[] = [];
  /** Prompts that were not begun. */
  readonly #prompts: PromptCommand[] = [];
  /** Begun and not yet durable, by the number of the event that says so, in rising order. */
  readonly #begun = new Map<number, RunnerCommand>();
  /** The turn whose prompt was begun and has not ended. */
  #turn: string | undefined;
  /** The last turn whose prompt the agent was given. */
  #prompted: string | undefined;
  /** Number of the event that says that it was begun. */
  #promptedAt = 0;
  /** The last turn that the session ended by itself. */
  #over: string | undefined;
  #isOpen = false;

  constructor(ports: CommandGatePorts) {
    this.#ports = ports;
  }

  /** The turn that the agent works on, or is about to. */
  get turn(): string | undefined {
    return this.#turn;
  }

  /** The turn whose prompt the agent was given and has not ended. */
  get promptedTurn(): string | undefined {
    return this.#turn === this.#prompted ? this.#turn : undefined;
  }

  /** Whether nothing was asked for that has not been done or handed on. */
  get isIdle(): boolean {
    return (
      this.#turn === undefined &&
      this.#early.length === 0 &&
      this.#prompts.length === 0 &&
      this.#begun.size === 0
    );
  }

  /** The process has said that it started: what it is told from now on may be begun. */
  open(): void {
    this.#isOpen = true;
    for (const command of this.#early) this.received(command);
    this.#early = [];
    this.next();
  }

  /** A command has arrived, perhaps not for the first time. */
  received(command: RunnerCommand): void {
    const { command: number } = command;
    if (!this.#isOpen) {
      this.#early = [...this.#early, command];
      return;
    }
    if (this.#known.has(number) || this.#ports.hasBegun(number)) return;
    this.#known.add(number);
    if (command.kind !== "prompt") return this.#begin(command);
    this.#prompts.push(command);
    this.next();
  }

  /**
   * Everything up to `r` is durable: what was begun there may be done, where it still applies.
   *
   * @param running The running turn as the session knows it; a prompt for another was cancelled before it was begun.
   */
  acknowledged(r: number, running: string | null): void {
    for (const [begunAt, command] of this.#begun) {
      if (begunAt > r) break;
      this.#begun.delete(begunAt);
      if (command.kind === "prompt") this.#promptedAt = begunAt;
      this.#act(command, running);
    }
    // One that crossed with the beginning says nothing of the turn.
    if (r >= this.#promptedAt) this.#stopWhatIsOver(running);
    this.next();
  }

  /** The agent has ended this turn. */
  turnEnded(turn: string): void {
    if (this.#turn !== turn) return;
    this.#turn = undefined;
    this.next();
  }

  /** Begins the next prompt, where none is under way and one may. */
  next(): void {
    if (!this.#isOpen || this.#turn !== undefined || !this.#ports.mayPrompt()) return;
    const prompt = this.#prompts.shift();
    if (prompt === undefined) return;
    this.#turn = prompt.turn;
    this.#begin(prompt);
  }

  #begin(command: RunnerCommand): void {
    this.#begun.set(this.#ports.begin(command.command), command);
  }

  /** Somebody has cancelled the turn while this runner was away, and the session did not wait for it. */
  #stopWhatIsOver(running: string | null): void {
    const turn = this.promptedTurn;
    if (turn === undefined || turn === running || turn === this.#over) return;
    this.#over = turn;
    this.#ports.agent.cancel(turn, "It was cancelled while its runner was not connected.");
  }

  #act(command: RunnerCommand, running: string | null): void {
    const { agent } = this.#ports;
    switch (command.kind) {
      case "prompt":
        if (running !== command.turn) return this.turnEnded(command.turn);
        this.#prompted = command.turn;
        return agent.prompt(command.turn, command.message);
      case "answer":
        return agent.answer(command.approval, command.option);
      case "cancel":
        return agent.cancel(command.turn);
    }
  }
}
