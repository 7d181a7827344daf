import { randomUUID } from "node:crypto";
import { RequestError, type PlanEntry, type SessionUpdate } from "@agentclientprotocol/sdk";
import { readAndEdit, type EditOutcome, type EditToolContext } from "./edit-tool.ts";
import { Pace } from "./pace.ts";
import { parsePromptDirectives } from "./prompt-directives.ts";
import { demoChunks, INTRODUCTION, splitIntoChunks, THOUGHTS } from "./text.ts";

/** What a turn needs of the session it runs in. */
export interface TurnContext extends EditToolContext {
  /** Aborts when the turn is cancelled or the client is gone. */
  readonly signal: AbortSignal;
  /** Sends an extension notification, which is no part of the transcript. */
  notifyExtension(method: string, params: Readonly<Record<string, unknown>>): Promise<void>;
  /** Sends an update of a kind that the protocol does not have. */
  emitUnknown(update: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The size of the context window that `usage` claims. */
const CONTEXT_SIZE = 200_000;

const PLAN_STEPS = ["Understand the request", "Do the work", "Say what was done"] as const;

/**
 * Does what a prompt asks, in this order: thoughts, generated text, edits, an answer.
 *
 * @throws RequestError when the prompt says `fail`; the signal's reason once the signal aborts.
 */
export async function runTurn(context: TurnContext, prompt: string): Promise<void> {
  const wanted = parsePromptDirectives(prompt);
  let chunksSent = 0;
  const stream = async (
    sessionUpdate: "agent_message_chunk" | "agent_thought_chunk",
    chunks: readonly string[],
  ): Promise<void> => {
    const messageId = randomUUID();
    const pace = new Pace(wanted.rate);
    for (const text of chunks) {
      await pace.next(context.signal);
      await context.emit({ sessionUpdate, messageId, content: { type: "text", text } });
      chunksSent += 1;
    }
  };
  const reportPlan = async (stepsDone: number): Promise<void> => {
    if (wanted.plan) await context.emit(planUpdate(stepsDone));
  };

  await reportPlan(0);
  if (wanted.think) await stream("agent_thought_chunk", splitIntoChunks(THOUGHTS));
  await reportPlan(1);
  if (wanted.unknown) await sendUnknownKinds(context);
  if (wanted.tokens !== undefined) {
    await stream("agent_message_chunk", demoChunks(prompt, wanted.tokens));
  }
  const outcomes = await Promise.all(wanted.edits.map((edit) => readAndEdit(context, edit)));
  context.signal.throwIfAborted();
  await reportPlan(2);
  if (wanted.fail) {
    throw RequestError.internalError({ details: "The prompt asked the demo agent to fail." });
  }
  if (outcomes.length > 0) {
    await stream("agent_message_chunk", splitIntoChunks(outcomes.map(sentenceFor).join(" ")));
  } else if (wanted.tokens === undefined) {
    await stream("agent_message_chunk", splitIntoChunks(INTRODUCTION));
  }
  await reportPlan(PLAN_STEPS.length);
  if (wanted.usage) {
    await context.emit({ sessionUpdate: "usage_update", used: chunksSent, size: CONTEXT_SIZE });
  }
}

function planUpdate(stepsDone: number): SessionUpdate {
  const entries = PLAN_STEPS.map((content, step): PlanEntry => {
    const status = step < stepsDone ? "completed" : step === stepsDone ? "in_progress" : "pending";
    return { content, priority: "medium", status };
  });
  return { sessionUpdate: "plan", entries };
}

async function sendUnknownKinds(context: TurnContext): Promise<void> {
  await context.emitUnknown({ sessionUpdate: "_demo_weather", sky: "clear", celsius: 21 });
  await context.notifyExtension("_demo/weather", { sky: "clear", celsius: 21 });
}

function sentenceFor(outcome: EditOutcome): string {
  const file = `**${outcome.fileName}**`;
  switch (outcome.kind) {
    case "edited":
      return `I added a line to ${file}.`;
    case "rejected":
      return `I left ${file} as it was, because the edit was rejected.`;
    case "failed":
      return `I could not edit ${file}: ${outcome.reason}`;
    case "cancelled":
      return `I left ${file} as it was, because nobody answered.`;
  }
}
