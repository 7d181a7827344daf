/** Messages as the AI SDK's `UIMessage` (v7) has them, typed structurally. */

import type { JsonObject } from "./json.ts";

/** State of a tool call, as in the AI SDK. */
export type ToolState =
  | "input-streaming"
  | "input-available"
  | "approval-requested"
  | "approval-responded"
  | "output-available"
  | "output-error"
  | "output-denied";

/**
 * A tool call with its input, its approval and its result, with the fields of the AI SDK's `ToolUIPart`. `type` is `dynamic-tool`
 * (then `toolName` is there) or `tool-NAME`.
 */
export interface ToolPart {
  readonly type: "dynamic-tool" | `tool-${string}`;
  readonly toolCallId: string;
  readonly toolName?: string | undefined;
  readonly title?: string | undefined;
  readonly state: ToolState;
  readonly input?: unknown;
  /** The input as it was streamed, until it is whole. */
  readonly rawInput?: unknown;
  readonly inputEncoding?: "json" | "text" | undefined;
  readonly output?: unknown;
  readonly errorText?: string | undefined;
  /** Whether `output` is not the last one. */
  readonly preliminary?: boolean | undefined;
  readonly providerExecuted?: boolean | undefined;
  readonly toolMetadata?: unknown;
  readonly callProviderMetadata?: unknown;
  readonly resultProviderMetadata?: unknown;
  readonly approval?:
    | {
        readonly id: string;
        readonly approved?: boolean;
        readonly descriptor?: unknown;
        readonly inputSchemaInput?: unknown;
        readonly requestReason?: string;
        readonly isAutomatic?: boolean;
        readonly signature?: string;
        readonly reason?: string;
      }
    | undefined;
}

/** Text of the model or of the person. */
export interface TextPart {
  readonly type: "text";
  readonly text: string;
  readonly state?: "streaming" | "done" | undefined;
  readonly citations?: unknown;
  readonly providerMetadata?: unknown;
}

/** The model's reasoning. */
export interface ReasoningPart {
  readonly type: "reasoning";
  readonly id?: string | undefined;
  readonly text: string;
  readonly state?: "streaming" | "done" | undefined;
  readonly providerMetadata?: unknown;
}

/** A file by reference: `url` is any URL, `data:` too, and `mediaType` its IANA media type. */
export interface FilePart {
  readonly type: "file" | "reasoning-file";
  readonly mediaType: string;
  readonly url: string;
  readonly filename?: string | undefined;
}

/** Application data, any JSON, carried whole. A later part of the same `type` and `id` replaces it. */
export interface DataPart {
  readonly type: `data-${string}`;
  readonly id?: string | undefined;
  readonly data: unknown;
}

/** Any other part: kept as it came. */
export interface OtherPart {
  readonly type: "source-url" | "source-document" | "step-start" | "custom" | "steering-message";
  readonly [field: string]: unknown;
}

/** One part of a message. */
export type Part = TextPart | ReasoningPart | ToolPart | FilePart | DataPart | OtherPart;

/** A message. Its parts are in the order in which they began. */
export interface Message {
  /** A prompt's is its command's; an answer's is the model's or the agent's own. */
  readonly id: string;
  readonly role: "system" | "user" | "assistant";
  readonly metadata?: JsonObject | undefined;
  readonly parts: readonly Part[];
}

/** Whether a part is a tool call. */
export function isToolPart(part: Part): part is ToolPart {
  return part.type === "dynamic-tool" || (part.type.startsWith("tool-") && "toolCallId" in part);
}

/** The name of the tool of a call, whichever form it has. */
export function toolNameOf(part: ToolPart): string {
  return part.type === "dynamic-tool" ? (part.toolName ?? "tool") : part.type.slice("tool-".length);
}

/** All text of a message, as one string: what a terminal prints. */
export function textOf(message: Message): string {
  return message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}
