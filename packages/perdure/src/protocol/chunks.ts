/**
 * Content events: the AI SDK's UI message chunks (v7), typed structurally so that this package does not depend on `ai`.
 * A chunk keeps every field it came with, known here or not.
 */

import type { JsonObject } from "./json.ts";

interface ToolFields {
  readonly toolCallId: string;
  readonly providerExecuted?: boolean | undefined;
  readonly providerMetadata?: unknown;
  readonly toolMetadata?: unknown;
  readonly dynamic?: boolean | undefined;
}

/** One chunk of a message stream. Text deltas are the only ones that arrive by the thousand. */
export type Chunk =
  | {
      readonly type: "start";
      readonly messageId?: string | undefined;
      readonly messageMetadata?: unknown;
    }
  | { readonly type: "text-start"; readonly id: string; readonly providerMetadata?: unknown }
  | {
      readonly type: "text-delta";
      readonly id: string;
      readonly delta: string;
      readonly providerMetadata?: unknown;
    }
  | {
      readonly type: "text-end";
      readonly id: string;
      readonly citations?: unknown;
      readonly providerMetadata?: unknown;
    }
  | { readonly type: "reasoning-start"; readonly id: string; readonly providerMetadata?: unknown }
  | {
      readonly type: "reasoning-delta";
      readonly id: string;
      readonly delta: string;
      readonly providerMetadata?: unknown;
    }
  | { readonly type: "reasoning-end"; readonly id: string; readonly providerMetadata?: unknown }
  | (ToolFields & {
      readonly type: "tool-input-start";
      readonly toolName: string;
      readonly title?: string | undefined;
      readonly inputEncoding?: "json" | "text" | undefined;
    })
  | {
      readonly type: "tool-input-delta";
      readonly toolCallId: string;
      readonly inputTextDelta: string;
    }
  | (ToolFields & {
      readonly type: "tool-input-available";
      readonly toolName: string;
      readonly input: unknown;
      readonly title?: string | undefined;
    })
  | (ToolFields & {
      readonly type: "tool-input-error";
      readonly toolName: string;
      readonly input: unknown;
      readonly errorText: string;
      readonly title?: string | undefined;
    })
  | {
      readonly type: "tool-approval-request";
      readonly approvalId: string;
      readonly toolCallId: string;
      readonly approvalDescriptor?: unknown;
      readonly inputSchemaInput?: unknown;
      readonly reason?: string | undefined;
      readonly isAutomatic?: boolean | undefined;
      readonly signature?: string | undefined;
    }
  | {
      readonly type: "tool-approval-response";
      readonly approvalId: string;
      readonly approved: boolean;
      readonly reason?: string | undefined;
      readonly providerExecuted?: boolean | undefined;
      readonly providerMetadata?: unknown;
    }
  | (ToolFields & {
      readonly type: "tool-output-available";
      readonly output: unknown;
      readonly preliminary?: boolean | undefined;
    })
  | (ToolFields & { readonly type: "tool-output-error"; readonly errorText: string })
  | { readonly type: "tool-output-denied"; readonly toolCallId: string }
  | {
      readonly type: "source-url";
      readonly sourceId: string;
      readonly url: string;
      readonly title?: string | undefined;
    }
  | {
      readonly type: "source-document";
      readonly sourceId: string;
      readonly mediaType: string;
      readonly title: string;
      readonly filename?: string | undefined;
    }
  | { readonly type: "file"; readonly url: string; readonly mediaType: string }
  | { readonly type: "reasoning-file"; readonly url: string; readonly mediaType: string }
  | { readonly type: "custom"; readonly kind: string; readonly providerMetadata?: unknown }
  | { readonly type: "steering-message"; readonly id: string; readonly parts: readonly unknown[] }
  | {
      readonly type: `data-${string}`;
      readonly id?: string | undefined;
      readonly data: unknown;
      readonly transient?: boolean | undefined;
    }
  | { readonly type: "start-step" }
  | { readonly type: "finish-step" }
  | { readonly type: "reset-step" }
  | { readonly type: "message-metadata"; readonly messageMetadata: unknown }
  | { readonly type: "error"; readonly errorText: string }
  | { readonly type: "abort"; readonly reason?: string | undefined }
  | {
      readonly type: "finish";
      readonly finishReason?: string | undefined;
      readonly messageMetadata?: unknown;
    };

/** The string fields that a chunk of each type cannot do without. */
const REQUIRED_STRINGS: Readonly<Record<string, readonly string[]>> = {
  start: [],
  "text-start": ["id"],
  "text-delta": ["id", "delta"],
  "text-end": ["id"],
  "reasoning-start": ["id"],
  "reasoning-delta": ["id", "delta"],
  "reasoning-end": ["id"],
  "tool-input-start": ["toolCallId", "toolName"],
  "tool-input-delta": ["toolCallId", "inputTextDelta"],
  "tool-input-available": ["toolCallId", "toolName"],
  "tool-input-error": ["toolCallId", "toolName", "errorText"],
  "tool-approval-request": ["approvalId", "toolCallId"],
  "tool-approval-response": ["approvalId"],
  "tool-output-available": ["toolCallId"],
  "tool-output-error": ["toolCallId", "errorText"],
  "tool-output-denied": ["toolCallId"],
  "source-url": ["sourceId", "url"],
  "source-document": ["sourceId", "mediaType", "title"],
  file: ["url", "mediaType"],
  "reasoning-file": ["url", "mediaType"],
  custom: ["kind"],
  "steering-message": ["id"],
  "start-step": [],
  "finish-step": [],
  "reset-step": [],
  "message-metadata": [],
  error: ["errorText"],
  abort: [],
  finish: [],
};

/** Whether a parsed value is a chunk: a known type with its required fields, or any `data-*`. */
export function isChunk(value: JsonObject): value is JsonObject & Chunk {
  const { type } = value;
  if (typeof type !== "string") return false;
  if (type.startsWith("data-")) return type.length > 5 && "data" in value;
  if (!Object.hasOwn(REQUIRED_STRINGS, type)) return false;
  if (type === "tool-approval-response" && typeof value["approved"] !== "boolean") return false;
  if (type === "steering-message" && !Array.isArray(value["parts"])) return false;
  return (REQUIRED_STRINGS[type] ?? []).every((field) => typeof value[field] === "string");
}
