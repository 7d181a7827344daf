import type { RequestPermissionRequest, RequestPermissionResponse } from "@agentclientprotocol/sdk";
import type { ApprovalOption, JsonObject, RunnerEvent } from "perdure/protocol";
import { isObject } from "perdure/protocol";
import type { TurnEnd } from "./translate.ts";
import { approvalOptions, TurnTranslation } from "./translate.ts";

interface Question {
  readonly toolCallId: string;
  readonly options: readonly ApprovalOption[];
  readonly answer: (response: RequestPermissionResponse) => void;
}

const CANCELLED: RequestPermissionResponse = { outcome: { outcome: "cancelled" } };

/** One prompt at work: what the agent says becomes events, and its questions wait here for their answers. */
export class AgentTurn {
  readonly id: string;
  readonly #translation: TurnTranslation;
  readonly #emit: (event: RunnerEvent) => void;
  readonly #questions = new Map<string, Question>();
  #isCancelled = false;
  #whyCancelled: string | undefined;
  #hasEnded = false;

  constructor(id: string, now: () => number, emit: (event: RunnerEvent) => void) {
    this.id = id;
    this.#translation = new TurnTranslation(id, now);
    this.#emit = emit;
  }

  /** Whether it was asked to stop. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Writes the beginning of the answer, and what was held for it. */
  begin(held: readonly RunnerEvent[]): void {
    this.#write([...this.#translation.begin(), ...held]);
  }

  /** Writes chunks of the runner's own. */
  note(chunks: readonly RunnerEvent[]): void {
    this.#write(chunks);
  }

  update(update: JsonObject): void {
    this.#write(this.#translation.update(update));
  }

  /** Asks the people in the session. The agent's own withdrawal and the end of the turn answer "cancelled". */
  async ask(
    approval: string,
    request: RequestPermissionRequest,
    signal: AbortSignal,
  ): Promise<RequestPermissionResponse> {
    const options = approvalOptions(request.options);
    const toolCall: unknown = request.toolCall;
    if (options === undefined || !isObject(toolCall)) return CANCELLED;
    if (this.#hasEnded || this.#isCancelled || signal.aborted) return CANCELLED;
    const { toolCallId } = request.toolCall;
    return new Promise((answer) => {
      this.#questions.set(approval, { toolCallId, options, answer });
      signal.addEventListener("abort", () => this.#withdraw(approval), { once: true });
      this.#write(this.#translation.ask(approval, toolCall, options).events);
    });
  }

  /** Hands a decision to the agent, where the question is still open. */
  answer(approval: string, optionId: string): void {
    const question = this.#questions.get(approval);
    if (question === undefined) return;
    const option = question.options.find((one) => one.id === optionId);
    if (option === undefined) return this.#withdraw(approval);
    this.#questions.delete(approval);
    const approved = option.kind.startsWith("allow");
    this.#write(this.#translation.answered(approval, question.toolCallId, approved));
    question.answer({ outcome: { outcome: "selected", optionId } });
  }

  /**
   * It is asked to stop: open questions are taken back, as the agent's protocol asks.
   *
   * @param why Where no person has asked, why: the end says it.
   */
  cancel(why?: string): void {
    this.#isCancelled = true;
    this.#whyCancelled = why;
    this.#withdrawAll();
  }

  /** Writes the end. Whatever comes later is too late. */
  end(end: TurnEnd): void {
    if (this.#hasEnded) return;
    this.#withdrawAll();
    this.#write(this.#translation.end(end, this.#whyCancelled));
    this.#hasEnded = true;
  }

  #withdrawAll(): void {
    for (const approval of this.#questions.keys()) this.#withdraw(approval);
  }

  #withdraw(approval: string): void {
    const question = this.#questions.get(approval);
    if (question === undefined) return;
    this.#questions.delete(approval);
    this.#write(this.#translation.withdrawn(approval));
    question.answer(CANCELLED);
  }

  #write(events: readonly RunnerEvent[]): void {
    if (this.#hasEnded) return;
    for (const event of events) this.#emit(event);
  }
}
