/**
 * The runner's side of the relay, as rules over small interfaces: no socket, no file and no process is touched here, so that
 * the same class runs in the program and in a simulation (docs/PROTOCOL.md, the rules for runners).
 */

import type { RunnerEvent, RunnerFrame, RunnerServerFrame } from "perdure/protocol";
import {
  CLOSE,
  FINAL_CLOSE_CODES,
  parseRunnerServerFrame,
  PROTOCOL_VERSION,
} from "perdure/protocol";
import { CommandGate } from "./command-gate.ts";
import { PartitionWatch } from "./partition.ts";
import { failure, lostBySession, sharedSpool } from "./relay-failures.ts";
import type { RelayOptions } from "./relay-options.ts";
import { MAX_UNACKNOWLEDGED_SPOOL_BYTES } from "./relay-options.ts";
import type { AgentStart, RelayEnd, RelayLink } from "./relay-ports.ts";
import { Upstream } from "./upstream.ts";

/**
 * How long the session may take to answer a `hello`, in milliseconds. A frame may be lost on a link that stays open, and pongs go
 * on arriving there: the platform sends them, not the session.
 */
export const WELCOME_TIMEOUT_MS = 10_000;

/** Relays one agent to one session. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #upstream: Upstream;
  readonly #gate: CommandGate;
  readonly #partition: PartitionWatch | undefined;
  #link: RelayLink | undefined;
  #stopWelcomeTimer: (() => void) | undefined;
  #epoch: number | undefined;
  #incarnation: string | undefined;
  #isWelcome = false;
  /** The last turn that a partition has cancelled. */
  #cutOff: string | undefined;
  #start: "not asked" | "under way" | "done" = "not asked";
  #hasEnded = false;
  #isFenced = false;
  #isAbandoning = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { spool, clock, agent, onPartition } = options;
    this.#upstream = new Upstream(spool, {
      now: () => clock.now(),
      soon: (callback) => clock.soon(() => this.#guard(callback)),
      after: (milliseconds, callback) => clock.after(milliseconds, () => this.#guard(callback)),
    });
    this.#gate = new CommandGate({
      agent,
      begin: (command) =>
        this.#upstream.append({ type: "command.begun", command, at: clock.now() }),
      hasBegun: (command) => spool.hasBegun(command),
      mayPrompt: () => !this.#isSpoolFull(),
    });
    if (onPartition?.turn === "cancel") {
      const { afterMs } = onPartition;
      this.#partition = new PartitionWatch(clock, afterMs, () =>
        this.#guard(() => this.#cancelUnseen(afterMs)),
      );
    }
  }

  /** The turn that the agent works on. */
  get turn(): string | undefined {
    return this.#gate.turn;
  }

  /** Whether the session has everything. */
  get isDrained(): boolean {
    return this.#options.spool.first === this.#options.spool.next;
  }

  /** Whether nobody waits for anything here: no turn is open, no command waits, and the session has everything. */
  get isIdle(): boolean {
    // Before its start nobody can have told it anything.
    return this.#start === "done" && this.#gate.isIdle && this.isDrained;
  }

  /** A connection is open. */
  opened(link: RelayLink): void {
    if (this.#hasEnded) return;
    const { process, spool, agent } = this.#options;
    this.#detach();
    this.#link = link;
    this.#stopWelcomeTimer = this.#options.clock.after(WELCOME_TIMEOUT_MS, () =>
      this.#redial(link, "the session did not answer"),
    );
    const hello: RunnerFrame = {
      t: "hello",
      v: PROTOCOL_VERSION,
      process,
      spool: spool.id,
      first: spool.first,
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
      ...(agent.info === undefined ? {} : { agent: agent.info }),
    };
    link.send(JSON.stringify(hello));
  }

  /** The connection is gone. Returns whether to dial again. */
  closed(code: number, reason: string): boolean {
    this.#detach();
    if (FINAL_CLOSE_CODES.includes(code)) this.#end({ kind: "closed", code, reason });
    if (code === CLOSE.fenced) this.#forgetBacklog();
    if (!this.#hasEnded) this.#partition?.waiting();
    return !this.#hasEnded;
  }

  /** The program stops: nothing is sent or waited for any more. What the agent still says goes into the spool. */
  stop(): void {
    this.#hasEnded = true;
    this.#detach();
    this.#partition?.stop();
  }

  /** A frame has arrived on the connection that was opened last. */
  received(text: string): void {
    if (this.#hasEnded || this.#link === undefined) return;
    this.#guard(() => {
      const frame = parseRunnerServerFrame(text);
      if (frame === undefined) return;
      this.#handle(frame, this.#link);
      this.#heard();
    });
  }

  /**
   * Writes an event of the agent. Nothing may be emitted before the agent has started.
   *
   * A relay that has ended keeps what it is given in the spool: the next process sends it. Only one that lost its claim does
   * not: the next runner has declared its turn interrupted.
   */
  emit(event: RunnerEvent): void {
    if (this.#isFenced) return;
    this.#options.onActivity?.();
    this.#guard(() => {
      this.#upstream.append(event);
      if (!this.#hasEnded) this.#partition?.waiting();
      if (event.type === "turn.ended") this.#gate.turnEnded(event.turn);
      else this.#limitSpool();
    });
  }

  #handle(frame: RunnerServerFrame, link: RelayLink | undefined): void {
    const hasForgotten = this.#incarnation !== undefined && this.#incarnation !== frame.i;
    this.#incarnation = frame.i;
    // The session's memory is new while the socket is old: events that it had not made durable are gone there.
    if (hasForgotten && frame.t !== "welcome" && frame.t !== "expect") this.#upstream.resend();
    switch (frame.t) {
      case "welcome":
        if (link !== undefined) this.#welcome(frame, link);
        return;
      case "ack":
        return this.#acknowledged(frame.r, frame.turn);
      case "expect":
        // One that crossed with an acknowledgement asks for what is safe by now: only a `welcome` tells of a loss.
        if (frame.r >= this.#options.spool.first - 1) this.#upstream.expected(frame.r);
        return;
      case "command":
        this.#options.onActivity?.();
        return this.#gate.received(frame.command);
      case "error":
        return this.#options.onProblem?.(frame.error.detail);
    }
  }

  #welcome(frame: Extract<RunnerServerFrame, { t: "welcome" }>, link: RelayLink): void {
    const { spool } = this.#options;
    if (frame.r < spool.first - 1) return this.#end(lostBySession());
    if (frame.r >= spool.next) {
      // The machine crashed and the file system lost the end of the spool; the session has it. Going on with numbers that it
      // has seen would make it drop new events as duplicates, so they go under a new id.
      if (this.#start === "done") return this.#end(sharedSpool());
      spool.renew();
      return this.#redial(link, "the spool was renewed");
    }
    this.#stopWelcomeTimer?.();
    this.#isWelcome = true;
    this.#epoch = frame.epoch;
    this.#options.onWelcome?.({ epoch: frame.epoch, session: frame.session });
    spool.acknowledge(frame.r);
    this.#upstream.attach(link, frame.epoch);
    this.#acknowledged(frame.r, frame.turn);
    this.#startAgent(frame.epoch, frame.agentSession);
  }

  #acknowledged(r: number, turn: string | null): void {
    this.#upstream.acknowledged(r);
    this.#gate.acknowledged(r, turn);
  }

  /** `runner.started` goes behind the backlog: only then does the log know everything that the process before it did. */
  #startAgent(epoch: number, agentSession: string | null): void {
    if (this.#start !== "not asked") return;
    this.#start = "under way";
    this.#options.agent.start(epoch, agentSession).then(
      (start) => this.#guard(() => this.#started(start)),
      (error: unknown) => this.#end(failure(error)),
    );
  }

  #started(start: AgentStart): void {
    const { agent, restored, agentSession, cwd, worktree } = start;
    if (this.#hasEnded || this.#epoch === undefined) return;
    this.#start = "done";
    this.#upstream.append({
      type: "runner.started",
      epoch: this.#epoch,
      agent,
      restored,
      ...(agentSession === undefined ? {} : { agentSession }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(worktree === undefined ? {} : { worktree }),
      at: this.#options.clock.now(),
    });
    this.#gate.open();
    this.#options.onStarted?.(start);
  }

  #isSpoolFull(): boolean {
    const { spool, spoolLimit = MAX_UNACKNOWLEDGED_SPOOL_BYTES } = this.#options;
    return spool.bytes >= spoolLimit;
  }

  #limitSpool(): void {
    const { turn } = this.#gate;
    if (turn === undefined || this.#isAbandoning || !this.#isSpoolFull()) return;
    this.#isAbandoning = true;
    this.#options.agent.abandon(
      turn,
      "The runner could not reach the session, and what it keeps for the session reached its limit.",
    );
    this.#isAbandoning = false;
  }

  /** Only a session that has let this runner in can take what it holds: before that its frames say nothing. */
  #heard(): void {
    if (!this.#isWelcome) return;
    this.#partition?.stop();
    if (!this.isDrained) this.#partition?.waiting();
  }

  /** Nobody sees what the agent does: it is asked to stop, once in each turn. */
  #cancelUnseen(afterMs: number): void {
    const turn = this.#gate.promptedTurn;
    if (turn === undefined || turn === this.#cutOff) return;
    this.#cutOff = turn;
    const seconds = afterMs / 1_000;
    const reason = `Partition: the runner could not reach the session for ${seconds} s.`;
    this.#options.agent.cancel(turn, reason);
  }

  /** An event that cannot be kept ends the relay: to go on would be to lose it. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#end(failure(error));
    }
  }

  #end(end: RelayEnd): void {
    if (this.#hasEnded) return;
    this.stop();
    this.#options.onEnd(end);
  }

  /** What still arrives on this connection is passed over. */
  #redial(link: RelayLink, reason: string): void {
    this.#detach();
    link.redial(reason);
  }

  #detach(): void {
    this.#stopWelcomeTimer?.();
    this.#upstream.detach();
    this.#link = undefined;
    this.#isWelcome = false;
  }

  /** Where it cannot be dropped from disk, the next process of this folder sends it, and the session takes it for what it is. */
  #forgetBacklog(): void {
    this.#isFenced = true;
    this.#guard(() => this.#options.spool.renew());
  }
}
