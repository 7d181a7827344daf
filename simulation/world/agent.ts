/** A program that speaks the Agent Client Protocol: it talks, uses tools, asks questions, and dies at times. */

import type { AcpConnection, AcpListener } from "../../packages/cli/src/runner/agent-port.ts";
import { Process } from "../runtime/runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Deeds, RunnerRecord } from "./deeds.ts";

/** What all agents of one machine share: the sessions that they have kept, and how they get one back. */
export interface AgentHome {
  readonly sessions: Map<string, string[]>;
  /** Whether they only talk, and for so long that somebody may leave in the middle. */
  readonly isSteady: boolean;
  readonly offers: { readonly resume: boolean; readonly load: boolean };
}

/** What an agent needs to know of where it runs. */
export interface AgentPlace {
  readonly runtime: Runtime;
  readonly home: AgentHome;
  readonly deeds: Deeds;
  readonly runner: RunnerRecord;
  /** How many agents the runner had before this one. */
  readonly agents: number;
  readonly listener: AcpListener;
  /** Called when the agent is told to do something that must be in the log by now. */
  readonly onPrompt: (turn: string) => void;
  readonly onAnswer: (toolCall: string) => void;
}

const OPTIONS = [
  { optionId: "yes", name: "Allow", kind: "allow_once" },
  { optionId: "no", name: "Reject", kind: "reject_once" },
] as const;

/** Steps of a steady agent's work on a prompt. */
const STEADY_STEPS = 60;

interface Work {
  readonly session: string;
  readonly turn: string;
  left: number;
  waiting: number;
  isCancelled: boolean;
  readonly resolve: (stopReason: string) => void;
  readonly reject: (error: Error) => void;
}

/** One process of an agent, as the runner sees it. */
export class SimulatedAgent implements AcpConnection {
  readonly info: { readonly name: string };
  readonly takesImages = false;
  readonly gone: Promise<string>;
  readonly #place: AgentPlace;
  /** The runner's process, in which all is heard. */
  readonly #listening: Process;
  readonly #process: Process;
  readonly #die: (how: string) => void;
  #work: Work | undefined;
  /** Requests that have no answer yet. */
  readonly #requests = new Set<(error: Error) => void>();
  #said: number;

  constructor(place: AgentPlace, listening: Process) {
    this.#place = place;
    this.info = { name: `agent on ${place.runner.disk}` };
    this.#listening = listening;
    this.#said = place.agents * 1_000;
    this.#process = new Process(`agent of ${listening.name}`);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.gone = promise;
    this.#die = resolve;
  }

  get offers() {
    return this.#place.home.offers;
  }

  isGone(): boolean {
    return !this.#process.isAlive;
  }

  async newSession(): Promise<string> {
    await this.#pause();
    this.#respond();
    const id = this.#place.runtime.newId();
    this.#place.home.sessions.set(id, []);
    return id;
  }

  async resumeSession(id: string): Promise<void> {
    await this.#pause();
    this.#respond();
    if (!this.#place.home.sessions.has(id)) throw new Error("There is no such session.");
  }

  async loadSession(id: string): Promise<void> {
    await this.#pause();
    const said = this.#place.home.sessions.get(id);
    for (const text of said ?? [])
      this.#hear(() => this.#place.listener.onUpdate(wordOf(text), id));
    this.#respond();
    if (said === undefined) throw new Error("There is no such session.");
  }

  async prompt(session: string, blocks: Parameters<AcpConnection["prompt"]>[1]): Promise<string> {
    if (this.isGone()) throw new Error("The connection was closed.");
    const { deeds, onPrompt, runtime, home } = this.#place;
    const turn = blocks.map((block) => (block.type === "text" ? block.text : "")).join("");
    deeds.prompts.push(turn);
    onPrompt(turn);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#work = {
      session,
      turn,
      left: home.isSteady ? STEADY_STEPS : amountOfWork(runtime),
      waiting: 0,
      isCancelled: false,
      resolve,
      reject,
    };
    this.#soon();
    return promise;
  }

  async cancel(): Promise<void> {
    const { runtime } = this.#place;
    const work = this.#work;
    // Some agents do not listen.
    if (work === undefined || runtime.chance(0.1)) return;
    work.isCancelled = true;
    this.#after(runtime.between(1, 200), () => this.#stop("cancelled"));
  }

  async kill(): Promise<void> {
    this.crash("was ended");
  }

  /** It dies. */
  crash(how: string): void {
    if (!this.#process.isAlive) return;
    this.#process.isAlive = false;
    const work = this.#work;
    this.#work = undefined;
    this.#hear(() => {
      work?.reject(new Error("The connection was closed."));
      for (const reject of this.#requests) reject(new Error("The connection was closed."));
      this.#die(how);
    });
  }

  #step(): void {
    const { runtime } = this.#place;
    const work = this.#work;
    if (work === undefined || work.waiting > 0) return;
    if (work.isCancelled) return;
    work.left -= 1;
    if (work.left < 0) return this.#stop("end_turn");
    if (work.left === Infinity && runtime.chance(0.2)) return;
    const die = this.#place.home.isSteady ? 100 : runtime.below(100);
    if (die < 10) this.#ask(runtime.chance(0.3) ? 2 : 1);
    else if (die < 16)
      this.#update({
        sessionUpdate: "plan",
        entries: Array.from({ length: 1 + runtime.below(3) }, (_, n) => ({
          content: `step ${runtime.below(3)}.${n}`,
          priority: "low",
          status: "in_progress",
        })),
      });
    else if (die < 20) this.#update({ sessionUpdate: "from_the_future", value: runtime.below(9) });
    else if (die < 24)
      this.#update({
        sessionUpdate: "agent_thought_chunk",
        content: { type: "text", text: "hm " },
      });
    else this.#say();
    this.#soon();
  }

  #say(): void {
    const { runner, home, deeds } = this.#place;
    const work = this.#work;
    if (work === undefined) return;
    this.#said += 1;
    const text = `${runner.name}.${this.#said} `;
    home.sessions.get(work.session)?.push(text);
    // What the runner never read from the pipe was said to nobody.
    const { turn } = work;
    this.#hear(() => {
      runner.words.push(text);
      deeds.turnOf.set(text, turn);
    });
    this.#update(wordOf(text));
  }

  #ask(count: number): void {
    const { runtime, deeds, runner, listener } = this.#place;
    const work = this.#work;
    if (work === undefined) return;
    for (let n = 0; n < count; n += 1) {
      const path = `file-${runtime.below(2)}`;
      const input = runtime.chance(0.5) ? { path, mode: 1 } : { mode: 1, path };
      const toolCall = `tool-${deeds.questions.length}`;
      const question = { toolCall, runner, input: JSON.stringify(input) };
      deeds.questions.push(question);
      work.waiting += 1;
      const call = { toolCallId: toolCall, title: "Edit", kind: "edit" as const, rawInput: input };
      this.#update({ sessionUpdate: "tool_call", status: "pending", ...call });
      const withdrawn = new AbortController();
      if (runtime.chance(0.05)) this.#after(runtime.between(50, 5_000), () => withdrawn.abort());
      this.#hear(() => {
        const request = { sessionId: work.session, toolCall: call, options: [...OPTIONS] };
        const answered = async () => {
          const { outcome } = await listener.onPermission(request, withdrawn.signal);
          if (outcome.outcome === "selected") {
            deeds.answers.push({ ...question, option: outcome.optionId });
            this.#place.onAnswer(toolCall);
          }
          work.waiting -= 1;
          this.#soon();
        };
        void answered();
      });
    }
  }

  #stop(reason: string): void {
    const work = this.#work;
    if (work === undefined) return;
    this.#work = undefined;
    this.#respond();
    this.#hear(() => work.resolve(reason));
    if (this.#place.runtime.chance(0.2)) this.#update({ sessionUpdate: "usage_update", used: 1 });
  }

  #update(update: Parameters<AcpListener["onUpdate"]>[0]): void {
    const session = this.#work?.session;
    this.#hear(() => this.#place.listener.onUpdate(update, session));
  }

  /** Every answer to a request, an error too, is heard of before it arrives. */
  #respond(): void {
    this.#hear(() => this.#place.listener.onResponse());
  }

  #hear(task: () => void): void {
    this.#place.runtime.deliver(this.#listening, task);
  }

  #soon(): void {
    const { runtime } = this.#place;
    const pace = runtime.chance(0.1) ? runtime.between(200, 2_000) : runtime.between(1, 60);
    this.#after(pace, () => this.#step());
  }

  #after(delay: number, task: () => void): void {
    const { runtime } = this.#place;
    runtime.run(this.#process, () => runtime.after(delay, task));
  }

  async #pause(): Promise<void> {
    const { runtime } = this.#place;
    if (this.isGone()) throw new Error("The connection was closed.");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#requests.add(reject);
    this.#after(runtime.between(1, 50), () => this.#hear(resolve));
    await promise;
    this.#requests.delete(reject);
  }
}

/** Some work never ends by itself. */
const amountOfWork = (runtime: Runtime) =>
  runtime.chance(0.03) ? Infinity : 2 + runtime.below(25);

const wordOf = (text: string) => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text },
});
