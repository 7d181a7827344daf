import { randomUUID } from "node:crypto";
import {
  methods,
  RequestError,
  type AgentContext,
  type PermissionOption,
  type PromptResponse,
  type SessionUpdate,
  type ToolCall,
} from "@agentclientprotocol/sdk";
import type { PermissionAnswer } from "./edit-tool.ts";
import type { Transcript } from "./transcript-store.ts";
import { runTurn, type TurnContext } from "./turn.ts";

/** One open session: its folder, its transcript, and at most one running turn. */
export class DemoSession {
  readonly #folder: string;
  readonly #transcript: Transcript;
  #editsAllowed: boolean;
  #turn: AbortController | undefined;
  #turnEnded: Promise<unknown> = Promise.resolve();

  constructor(transcript: Transcript, folder: string) {
    this.#folder = folder;
    this.#transcript = transcript;
    this.#editsAllowed = transcript.records.some(({ record }) => record === "edits-allowed");
  }

  get id(): string {
    return this.#transcript.sessionId;
  }

  get isBusy(): boolean {
    return this.#turn !== undefined;
  }

  /** Sends every update that the transcript held when it was opened, in order. */
  async replay(client: AgentContext): Promise<void> {
    for (const entry of this.#transcript.records) {
      if (entry.record === "update") await this.#send(client, entry.update);
    }
  }

  /**
   * Runs a turn to its end.
   *
   * @param signal Aborts when the client withdraws the request or is gone.
   * @throws RequestError when a turn is running already, or when the turn fails.
   */
  async prompt(client: AgentContext, prompt: string, signal: AbortSignal): Promise<PromptResponse> {
    if (this.#turn !== undefined) {
      throw RequestError.invalidRequest(
        { sessionId: this.id },
        "A prompt is already running in this session; wait for its end or cancel it",
      );
    }
    const turn = new AbortController();
    this.#turn = turn;
    const running = this.#run(client, prompt, turn, AbortSignal.any([turn.signal, signal]));
    this.#turnEnded = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#turn = undefined;
    }
  }

  /** Ends the running turn, if there is one, before its next chunk. */
  cancel(): void {
    this.#turn?.abort();
  }

  /** Cancels what runs and, when it has ended, lets go of the transcript, which stays on disk. */
  async close(): Promise<void> {
    this.cancel();
    await this.#turnEnded;
    this.#transcript.close();
  }

  async #run(
    client: AgentContext,
    prompt: string,
    turn: AbortController,
    signal: AbortSignal,
  ): Promise<PromptResponse> {
    try {
      this.#record({
        sessionUpdate: "user_message_chunk",
        messageId: randomUUID(),
        content: { type: "text", text: prompt },
      });
      const context: TurnContext = {
        folder: this.#folder,
        signal,
        emit: (update) => this.#emit(client, update),
        emitUnknown: (update) => this.#emit(client, update),
        notifyExtension: (method, params) =>
          client.notify(method, { sessionId: this.id, ...params }),
        askPermission: (toolCall, options) => this.#ask(client, toolCall, options, turn, signal),
      };
      await runTurn(context, prompt);
      return { stopReason: "end_turn" };
    } catch (error) {
      if (signal.aborted) return { stopReason: "cancelled" };
      throw error;
    }
  }

  async #ask(
    client: AgentContext,
    toolCall: ToolCall,
    options: PermissionOption[],
    turn: AbortController,
    signal: AbortSignal,
  ): Promise<PermissionAnswer> {
    if (signal.aborted) return "cancelled";
    if (this.#editsAllowed) return "allow_always";
    try {
      const { outcome } = await client.request(
        methods.client.session.requestPermission,
        { sessionId: this.id, toolCall, options },
        { cancellationSignal: signal, stopWaitingOnCancel: true },
      );
      if (outcome.outcome === "cancelled") {
        // A client answers so when it cancels the turn, and its `session/cancel` may still be on its way.
        turn.abort();
        return "cancelled";
      }
      if (outcome.optionId === "allow_always") {
        this.#editsAllowed = true;
        this.#transcript.append({ record: "edits-allowed" });
        return "allow_always";
      }
      return outcome.optionId === "allow_once" ? "allow_once" : "reject_once";
    } catch (error) {
      if (signal.aborted) return "cancelled";
      throw error;
    }
  }

  /** The transcript comes first: what a client has seen, a later `session/load` shows again. */
  async #emit(
    client: AgentContext,
    update: SessionUpdate | Readonly<Record<string, unknown>>,
  ): Promise<void> {
    this.#record(update);
    await this.#send(client, update);
  }

  #record(update: SessionUpdate | Readonly<Record<string, unknown>>): void {
    this.#transcript.append({ record: "update", update: { ...update } });
  }

  async #send(
    client: AgentContext,
    update: SessionUpdate | Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await client.notify(methods.client.session.update, { sessionId: this.id, update });
  }
}
