import {
  convertToModelMessages,
  isStepCount,
  jsonSchema,
  simulateReadableStream,
  streamText,
  tool,
  toUIMessageStream,
} from "ai";
import { MockLanguageModelV4 } from "ai/test";
import type { TurnContext, TurnRetry } from "../../src/session/index.ts";
import { CountedSessionDO } from "./counted-session-do.ts";

type Stream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type ModelPart = Stream extends ReadableStream<infer Part> ? Part : never;

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};

const finish = (unified: "stop" | "tool-calls"): ModelPart => ({
  type: "finish",
  finishReason: { unified, raw: undefined },
  usage: USAGE,
});

/** What a model says: words of one text. */
export const saying = (...words: readonly string[]): readonly ModelPart[] => [
  { type: "text-start", id: "1" },
  ...words.map((delta): ModelPart => ({ type: "text-delta", id: "1", delta })),
  { type: "text-end", id: "1" },
  finish("stop"),
];

/** A model that calls the tool `pay`. */
export const paying = (euros: number): readonly ModelPart[] => [
  { type: "tool-call", toolCallId: "call-1", toolName: "pay", input: JSON.stringify({ euros }) },
  finish("tool-calls"),
];

/**
 * How a test plays a session's model: by the session's name, what each call streams; undefined for what the test dictates
 * with `dictate`.
 */
export const models = new Map<string, (call: number) => readonly ModelPart[] | undefined>();

/** What happened outside of the objects, by the session's name. */
export const payments = new Map<string, number[]>();

/** The messages that each call of a model was given, by the session's name. */
export const prompts = new Map<string, unknown[]>();

/** A session whose turns are the AI SDK's, as the guide writes them. */
export class ChatSessionDO extends CountedSessionDO {
  /** The stream of a model that waits for what it is to say. */
  readonly #dictated = Promise.withResolvers<ReadableStreamDefaultController<ModelPart>>();

  /** Has the model say words of one text; without any it ends. */
  async dictate(...words: string[]): Promise<void> {
    const controller = await this.#dictated.promise;
    for (const delta of words) controller.enqueue({ type: "text-delta", id: "1", delta });
    if (words.length > 0) return;
    for (const part of saying().slice(1)) controller.enqueue(part);
    controller.close();
  }

  /** What 30 s without an event do: the next alarm is the heartbeat's. */
  hurryHeartbeat(): void {
    this.timers.set("perdure:turn:heartbeat", Date.now());
  }

  protected override readonly retry: TurnRetry = { attempts: 2, backoff: { initialMs: 1 } };

  override async onTurn(turn: TurnContext) {
    const result = streamText({
      model: this.#model(),
      messages: await convertToModelMessages(turn.messages, { ignoreIncompleteToolCalls: true }),
      abortSignal: turn.signal,
      stopWhen: isStepCount(5),
      tools: { pay: this.#pay(turn) },
    });
    return toUIMessageStream({ stream: result.stream });
  }

  #pay(turn: TurnContext) {
    const { name = "" } = this.ctx.id;
    return tool({
      description: "Pays somebody.",
      inputSchema: jsonSchema<{ euros: number }>({
        type: "object",
        properties: { euros: { type: "number" } },
      }),
      execute: async (input, { toolCallId }) => {
        const question = { kind: "payment", title: `Pay ${input.euros} euros`, input, toolCallId };
        const { approved } = await turn.approve(question);
        if (!approved) return "rejected";
        return turn.step(`pay ${toolCallId}`, () => {
          payments.set(name, [...(payments.get(name) ?? []), input.euros]);
          return "paid";
        });
      },
    });
  }

  #model() {
    const { name = "" } = this.ctx.id;
    const calls: unknown[] = [];
    prompts.set(name, calls);
    return new MockLanguageModelV4({
      doStream: async ({ prompt }) => {
        calls.push(prompt);
        const parts = models.get(name)?.(calls.length);
        return {
          stream:
            parts === undefined
              ? new ReadableStream<ModelPart>({
                  start: (controller) => {
                    controller.enqueue({ type: "text-start", id: "1" });
                    this.#dictated.resolve(controller);
                  },
                })
              : simulateReadableStream({ chunks: [...parts], chunkDelayInMs: null }),
        };
      },
    });
  }
}
