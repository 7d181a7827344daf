/**
 * Turns that the object runs itself, by the user's `onTurn`. What runs is derived from the log as for a runner; memory holds
 * only the run, so whatever the log says is running and memory does not know was cut off. Nobody else holds what a turn
 * writes: it is stored first and shown then.
 */

import type { Clock, Sql, Timers } from "../object/index.ts";
import type { Turn, TurnOutcome } from "../protocol/index.ts";
import { runningTurn } from "../protocol/index.ts";
import type { Approvals } from "./approvals.ts";
import type { Decisions } from "./decisions.ts";
import type { SessionLog } from "./session-log.ts";
import type { AskedQuestion } from "./turn-approvals.ts";
import { TurnApprovals } from "./turn-approvals.ts";
import type { TurnContext, TurnDecision, TurnOutput, TurnRetry } from "./turn-context.ts";
import { backoffOf, failureReason } from "./turn-failure.ts";
import { TurnRun } from "./turn-run.ts";
import { TurnSteps } from "./turn-steps.ts";

/** What the user's class says of turns. */
export interface TurnHost {
  /** The class's `onTurn`. */
  run(turn: TurnContext): TurnOutput | Promise<TurnOutput>;
  /** A reason that readers may see; undefined for one that says nothing. */
  onError(error: unknown, turn: TurnContext): string | undefined;
  readonly retry: TurnRetry;
}

/** How long what a turn writes waits to be stored and shown. */
export const TURN_FLUSH_MS = 200;

/**
 * How often the alarm rings while a turn runs. The platform evicts an object to which nothing arrives for 70 s, whatever it is
 * doing; and where it dies, this finds the turn that was cut off.
 */
const HEARTBEAT_MS = 30_000;

const HEARTBEAT = "perdure:turn:heartbeat";
const RETRY = "perdure:turn:retry";

/** The turns of one session. */
export class LocalTurns {
  readonly #host: TurnHost;
  readonly #log: SessionLog;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #decisions: Decisions;
  readonly #steps: TurnSteps;
  readonly #approvals: TurnApprovals;
  readonly #commit: <T>(work: () => T) => Promise<T>;
  readonly #sync: () => Promise<void>;
  /** The run that memory knows. */
  #run: TurnRun | undefined;
  /** What the batch under way has begun and ended. */
  #starting: TurnRun | undefined;
  #stopping: readonly TurnRun[] = [];
  #isBeating = false;
  #flushTimer: (() => void) | undefined;

  constructor(options: {
    readonly host: TurnHost;
    readonly log: SessionLog;
    readonly sql: Sql;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly approvals: Approvals;
    readonly decisions: Decisions;
    /** Runs a job of the commit queue, after which `advance` is called and the log is flushed. */
    readonly commit: <T>(work: () => T) => Promise<T>;
    /** See `CommitHost.sync`. */
    readonly sync: () => Promise<void>;
  }) {
    const { host, log, sql, clock, timers, approvals, decisions, commit, sync } = options;
    this.#host = host;
    this.#log = log;
    this.#clock = clock;
    this.#timers = timers;
    this.#decisions = decisions;
    this.#steps = new TurnSteps(sql);
    this.#approvals = new TurnApprovals({ log, steps: this.#steps, approvals, decisions, clock });
    this.#commit = commit;
    this.#sync = sync;
    this.#isBeating = timers.dueAt(HEARTBEAT) !== undefined;
  }

  /** Memory is new: a turn that the one before was running is taken up or ended, and one that waits is begun. */
  restore(): void {
    if (this.#log.state.turns.length > 0) this.#commit(() => {}).catch(() => {});
  }

  /** What was written so far comes before what is about to be appended. */
  drain(): void {
    this.#run?.buffer.drainTo(this.#log);
  }

  /** The end of a batch: does what the state calls for. Answers whether that added to the log. */
  advance(): boolean {
    const { log, state } = this.#log;
    const before = log.last;
    const turn = runningTurn(state);
    if (state.lifecycle === "terminated") this.#steps.forget();
    if (this.#run !== undefined && this.#run.id !== turn?.id) this.#stop();
    if (turn?.state === "cancelling") this.#end(turn.id, "cancelled");
    else if (turn !== undefined && this.#run === undefined) this.#recover(turn);
    this.#approvals.take();
    this.#beginNext();
    this.#beat();
    return log.last !== before;
  }

  /** A batch was written: begins, ends and answers what it has decided. */
  published(): void {
    const [starting, stopping] = [this.#starting, this.#stopping];
    this.#starting = undefined;
    this.#stopping = [];
    if (stopping.length > 0) this.#approvals.clear();
    for (const run of stopping) run.stop();
    this.#approvals.published();
    if (this.#run?.buffer.isEmpty !== false) this.#cancelFlush();
    if (starting !== undefined) void this.#execute(starting);
  }

  /** A timer is due. Answers whether it was one of these. */
  async timer(name: string): Promise<boolean> {
    if (name !== HEARTBEAT && name !== RETRY) return false;
    await this.#commit(() => {
      if (name === HEARTBEAT) this.#isBeating = false;
      else this.#retry();
    });
    return true;
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const [run, starting, stopping, isBeating] = [
      this.#run,
      this.#starting,
      this.#stopping,
      this.#isBeating,
    ];
    const revertBuffer = run?.buffer.mark();
    const revertApprovals = this.#approvals.mark();
    return () => {
      this.#run = run;
      this.#starting = starting;
      this.#stopping = stopping;
      this.#isBeating = isBeating;
      revertBuffer?.();
      revertApprovals();
    };
  }

  // -------------------------------------------------------------------------------------------- in the commit queue

  #beginNext(): void {
    const { state } = this.#log;
    const [next] = state.turns;
    if (next?.state !== "queued" || state.lifecycle !== "active") return;
    this.#log.append({ type: "command.begun", command: next.command, at: this.#clock.now() });
    this.#launch(next);
  }

  /** The log has a turn that runs, and memory has none. */
  #recover(turn: Turn): void {
    if (this.#timers.dueAt(RETRY) !== undefined) return;
    const { approvals } = this.#log.state;
    if (approvals.length === 0)
      return this.#failed(turn, "evicted", "The object lost its memory while it ran.");
    // It waits for a person, without memory.
    if (approvals.every(({ state }) => state === "pending")) return;
    const { id, attempt = 1 } = turn;
    const at = this.#clock.now();
    this.#log.append({ type: "turn.retried", turn: id, attempt, why: "decided", at });
    this.#launch(turn);
  }

  /** A run has failed or is gone: the turn is begun again later, or over. */
  #failed(turn: Turn, why: "evicted" | "failed", reason: string): void {
    const attempt = (turn.attempt ?? 1) + 1;
    if (attempt > this.#host.retry.attempts)
      return this.#end(turn.id, why === "evicted" ? "interrupted" : "failed", reason);
    this.drain();
    this.#stop();
    const at = this.#clock.now();
    this.#log.append({ type: "turn.retried", turn: turn.id, attempt, why, at });
    this.#timers.set(RETRY, at + backoffOf(this.#host.retry, attempt - 1));
  }

  /** Its time has come. The timer goes with the begin, so that a run that is cut off is not taken for one that waits. */
  #retry(): void {
    this.#timers.cancel(RETRY);
    const turn = runningTurn(this.#log.state);
    if (turn?.state === "running" && this.#run === undefined) this.#launch(turn);
  }

  #end(turn: string, outcome: TurnOutcome, reason?: string): void {
    this.drain();
    this.#decisions.withdraw(turn);
    this.#steps.forget();
    // One that is cancelled while it waits for its next attempt has none.
    this.#timers.cancel(RETRY);
    this.#log.append({
      type: "turn.ended",
      turn,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      at: this.#clock.now(),
    });
    if (outcome === "completed") this.#run = undefined;
    else this.#stop();
  }

  #launch(turn: Turn): void {
    this.#run = new TurnRun(turn, {
      state: () => this.#log.state,
      messages: (before, limit) => this.#log.projection.messages(before, limit),
      isCurrent: (run) => run === this.#run,
      written: (run) => this.#written(run),
      ask: (run, question) => this.#ask(run, question),
      findStep: (id, name) => this.#steps.find(id, name),
      putStep: (run, name, result) =>
        this.#commit(() => {
          run.ensureCurrent();
          this.#steps.put(run.id, name, result);
        }),
    });
    this.#starting = this.#run;
  }

  /** Ends the run before its code has. */
  #stop(): void {
    if (this.#run !== undefined) this.#stopping = [...this.#stopping, this.#run];
    this.#run = undefined;
    this.#starting = undefined;
  }

  /** Has the alarm ring while a run is busy. One that waits for a person needs no memory. */
  #beat(): void {
    const isWaiting = this.#log.state.approvals.some(({ state }) => state === "pending");
    const isDue = this.#run !== undefined && !isWaiting;
    if (isDue === this.#isBeating) return;
    this.#isBeating = isDue;
    if (isDue) this.#timers.set(HEARTBEAT, this.#clock.now() + HEARTBEAT_MS);
    else this.#timers.cancel(HEARTBEAT);
  }

  // -------------------------------------------------------------------------------------------- outside of it

  async #execute(run: TurnRun): Promise<void> {
    try {
      // The begin is durable before the user's code does anything.
      await this.#sync();
      run.ensureCurrent();
      await run.pump(await run.orAborted(this.#host.run(run)));
      await this.#commit(() => {
        if (run === this.#run) this.#end(run.id, run.isStopped ? "cancelled" : "completed");
      });
    } catch (error) {
      await this.#threw(run, error);
    }
  }

  /** What the code of a turn throws that is over already concerns nobody. */
  async #threw(run: TurnRun, error: unknown): Promise<void> {
    if (run !== this.#run) return;
    const reason = failureReason(error, run, this.#host);
    try {
      await this.#commit(() => {
        const turn = runningTurn(this.#log.state);
        if (run === this.#run && turn !== undefined) this.#failed(turn, "failed", reason);
      });
    } catch {
      // Storage takes nothing at the moment. The heartbeat finds a turn that nobody runs.
      if (run === this.#run) this.#run = undefined;
      run.stop();
    }
  }

  async #ask(run: TurnRun, question: AskedQuestion): Promise<TurnDecision> {
    const answer = this.#approvals.wait(question.approval);
    await this.#commit(() => {
      run.ensureCurrent();
      this.drain();
      this.#approvals.ask(question);
    });
    return answer;
  }

  async #written(run: TurnRun): Promise<void> {
    if (run.buffer.isFull) return this.#flush();
    if (run.buffer.isEmpty) return;
    this.#flushTimer ??= this.#clock.after(TURN_FLUSH_MS, () => {
      this.#flushTimer = undefined;
      // What is not stored stays in the buffer for the next.
      this.#flush().catch(() => {});
    });
  }

  #flush(): Promise<void> {
    return this.#commit(() => this.drain());
  }

  #cancelFlush(): void {
    this.#flushTimer?.();
    this.#flushTimer = undefined;
  }
}
