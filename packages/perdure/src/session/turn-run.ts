/** One run of a turn, as `onTurn` sees it. What it writes and asks goes through the commit queue of its session. */

import type { Serialized } from "../object/index.ts";
import { serialized } from "../object/index.ts";
import type { JsonObject, Message, PlacedMessage, SessionState, Turn } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { askedQuestion } from "./turn-approvals.ts";
import type { AskedQuestion } from "./turn-approvals.ts";
import { TurnBuffer } from "./turn-buffer.ts";
import type {
  TurnContext,
  TurnDecision,
  TurnHistory,
  TurnOutput,
  TurnQuestion,
} from "./turn-context.ts";
import type { TurnMessage } from "./turn-messages.ts";
import { asTurnMessage, conversation } from "./turn-messages.ts";
import { StreamedError } from "./turn-failure.ts";
import { openOutput, textChunks } from "./turn-output.ts";
import { encodeResult } from "./turn-steps.ts";

/** Messages that a model is given, unless the user's code asks for others. */
const DEFAULT_MESSAGES = 50;

/** What a run needs of its session. */
export interface TurnRunPorts {
  state(): SessionState;
  /** The newest finished messages before a position, oldest first. */
  messages(
    before: number,
    limit: number,
  ): { readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean };
  /** Whether this is still the run of its turn: what another one writes or asks has no effect. */
  isCurrent(run: TurnRun): boolean;
  /** Something was added to the buffer. Resolves at once, or when it was flushed because it is full. */
  written(run: TurnRun): Promise<void>;
  /** Asks, and resolves with the answer. */
  ask(run: TurnRun, question: AskedQuestion): Promise<TurnDecision>;
  findStep(turn: string, name: string): string | undefined;
  /** Stores a result, unless the run is over. */
  putStep(run: TurnRun, name: string, result: string): Promise<void>;
}

/** One run of a turn. */
export class TurnRun implements TurnContext {
  readonly id: string;
  readonly prompt: Message;
  readonly by: string;
  readonly attempt: number;
  readonly buffer = new TurnBuffer();
  readonly #ports: TurnRunPorts;
  readonly #abort = new AbortController();
  readonly #aborted: Promise<never>;
  readonly #steps = new Set<string>();
  readonly #asked = new Map<string, number>();
  #messages: TurnMessage[] | undefined;
  #error: string | undefined;
  #isStopped = false;

  constructor(turn: Turn, ports: TurnRunPorts) {
    this.id = turn.id;
    this.prompt = turn.message;
    this.by = turn.by;
    this.attempt = turn.attempt ?? 1;
    this.#ports = ports;
    this.#aborted = new Promise((_resolve, reject) => {
      this.signal.addEventListener("abort", () => reject(this.signal.reason as Error));
    });
    // Where nobody waits for anything it is no fault of anybody.
    this.#aborted.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether the stream said that it was aborted, without its turn being cancelled. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get meta(): JsonObject {
    return this.#ports.state().meta;
  }

  get messages(): TurnMessage[] {
    this.#messages ??= this.history().messages;
    return this.#messages;
  }

  history(limit = DEFAULT_MESSAGES, before?: number): TurnHistory {
    const { turns } = this.#ports.state();
    const { messages, hasEarlier } = this.#ports.messages(before ?? Number.MAX_SAFE_INTEGER, limit);
    const finished = conversation(messages, new Set([this.id, ...turns.map(({ id }) => id)]));
    return {
      messages: [...finished, ...(before === undefined ? [this.prompt] : [])].map(asTurnMessage),
      before: hasEarlier ? messages[0]?.position : undefined,
    };
  }

  write(chunk: Parameters<TurnContext["write"]>[0]): void {
    for (const one of typeof chunk === "string" ? textChunks(chunk) : [chunk]) this.#take(one);
    // A flush that fails is tried again with the next.
    this.#ports.written(this).catch(() => {});
  }

  async approve(question: TurnQuestion): Promise<TurnDecision> {
    this.ensureCurrent();
    const asked = askedQuestion(this.id, question, (digest) => {
      const times = this.#asked.get(digest) ?? 0;
      this.#asked.set(digest, times + 1);
      return times;
    });
    return this.orAborted(this.#ports.ask(this, asked));
  }

  async step<T>(name: string, work: () => T | Promise<T>): Promise<Serialized<T>> {
    this.ensureCurrent();
    if (this.#steps.has(name))
      throw new PerdureError(
        "bad_request",
        `This turn has a step "${name}" already; give each step a name of its own.`,
      );
    this.#steps.add(name);
    const step = `step:${name}`;
    try {
      const known = this.#ports.findStep(this.id, step);
      if (known !== undefined) return JSON.parse(known) as Serialized<T>;
      const result = encodeResult(name, await this.orAborted(work()));
      await this.#ports.putStep(this, step, result);
      return serialized(JSON.parse(result) as T);
    } catch (error) {
      // It has not happened: the code may try it again.
      this.#steps.delete(name);
      throw error;
    }
  }

  /** Writes what `onTurn` returned, to its end. Throws what the stream throws, and an error that it carried. */
  async pump(output: TurnOutput): Promise<void> {
    const source = openOutput(output);
    try {
      await this.orAborted(this.#writeAll(source.chunks));
    } catch (error) {
      source.cancel();
      throw error;
    }
    if (this.#error !== undefined) throw new StreamedError(this.#error);
  }

  /** What `work` resolves with, or a rejection as soon as the turn is over, whether or not the work heeds the signal. */
  async orAborted<T>(work: T | Promise<T>): Promise<T> {
    return Promise.race([work, this.#aborted]);
  }

  /** Throws where this is not the run of its turn any more. */
  ensureCurrent(): void {
    this.signal.throwIfAborted();
    if (!this.#ports.isCurrent(this)) throw isOver();
  }

  /** The turn is over before its code is. */
  stop(): void {
    this.#abort.abort(isOver());
  }

  async #writeAll(chunks: AsyncIterator<unknown>): Promise<void> {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true || !this.#ports.isCurrent(this)) return;
      this.#take(value);
      await this.#ports.written(this);
    }
  }

  #take(value: unknown): void {
    if (!this.#ports.isCurrent(this)) return;
    const chunk = this.buffer.add(value);
    if (chunk.type === "error") this.#error = chunk.errorText;
    if (chunk.type === "abort") this.#isStopped = true;
  }
}

const isOver = () => new DOMException("This turn is over.", "AbortError");
