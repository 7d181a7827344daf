/** The conversation as a model is given it. */

import type { Message, PlacedMessage } from "../protocol/index.ts";

type ToolCallPart = { readonly toolCallId: string; readonly title?: string } & (
  | { readonly state: "input-streaming"; readonly rawInput?: string }
  | { readonly state: "input-available"; readonly input: unknown }
  | {
      readonly state: "approval-requested";
      readonly input: unknown;
      readonly approval: { readonly id: string };
    }
  | {
      readonly state: "approval-responded";
      readonly input: unknown;
      readonly approval: { readonly id: string; readonly approved: boolean };
    }
  | { readonly state: "output-available"; readonly input: unknown; readonly output: unknown }
  | { readonly state: "output-error"; readonly input: unknown; readonly errorText: string }
  | {
      readonly state: "output-denied";
      readonly input: unknown;
      readonly approval: { readonly id: string; readonly approved: false };
    }
);

/** A part as `UIMessage` of the AI SDK (v7) has it. Fields that are not named here are there, too. */
export type TurnPart =
  | { readonly type: "text"; readonly text: string; readonly state?: "streaming" | "done" }
  | { readonly type: "reasoning"; readonly text: string; readonly state?: "streaming" | "done" }
  | {
      readonly type: "file";
      readonly url: string;
      readonly mediaType: string;
      readonly filename?: string;
    }
  | { readonly type: "reasoning-file"; readonly url: string; readonly mediaType: string }
  | {
      readonly type: "source-url";
      readonly sourceId: string;
      readonly url: string;
      readonly title?: string;
    }
  | {
      readonly type: "source-document";
      readonly sourceId: string;
      readonly mediaType: string;
      readonly title: string;
      readonly filename?: string;
    }
  | { readonly type: "step-start" }
  | { readonly type: "custom"; readonly kind: `${string}.${string}` }
  | { readonly type: `data-${string}`; readonly id?: string; readonly data: unknown }
  | ({ readonly type: "dynamic-tool"; readonly toolName: string } & ToolCallPart)
  | ({ readonly type: `tool-${string}` } & ToolCallPart);

/** A message, typed so that it is a `UIMessage` of the AI SDK (v7) without this package depending on it. */
export interface TurnMessage {
  readonly id: string;
  readonly role: "system" | "user" | "assistant";
  readonly metadata?: unknown;
  readonly parts: TurnPart[];
}

/** A finished message, or a prompt: the same data under the AI SDK's type. */
export const asTurnMessage = (message: Message): TurnMessage => message as unknown as TurnMessage;

/**
 * Messages turn by turn, each prompt before what answers it: prompts that wait in line stand before the answers to those
 * before them. Without those of the turns that are still open.
 */
export function conversation(
  placed: readonly PlacedMessage[],
  openTurns: ReadonlySet<string>,
): readonly Message[] {
  const groups = new Map<string, Message[]>();
  for (const { message, turn } of placed) {
    if (turn !== undefined && openTurns.has(turn)) continue;
    const key = turn ?? `message ${message.id}`;
    const group = groups.get(key) ?? [];
    group.push(message);
    groups.set(key, group);
  }
  return [...groups.values()].flat();
}
