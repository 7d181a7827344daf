/**
 * How chunks become a message: the same rules as the AI SDK's own reader (a test holds the two against each other), but
 * immutable, and lenient where that one throws, because a log may be read from its middle and nothing may be dropped.
 */

import type { Chunk, JsonObject } from "./chunks.ts";
import type { Message, Part, ReasoningPart, TextPart, ToolPart } from "./messages.ts";
import { isToolPart } from "./messages.ts";

/** A message that is still being written, with what is needed to go on writing it. */
export interface OpenMessage {
  readonly message: Message;
  /** Log position of its first chunk. */
  readonly position: number;
  /** Where the open text and reasoning parts stand, by the type and id of their chunks. */
  readonly open: Readonly<Record<string, number>>;
}

/** A message with nothing in it. */
export function openMessage(id: string, position: number, metadata?: JsonObject): OpenMessage {
  const message: Message = { id, role: "assistant", parts: [] };
  return {
    message: metadata === undefined ? message : { ...message, metadata },
    position,
    open: {},
  };
}

/** The message after one more chunk. */
export function foldChunk(state: OpenMessage, chunk: Chunk): OpenMessage {
  switch (chunk.type) {
    case "start":
      return withMetadata(
        chunk.messageId === undefined
          ? state
          : { ...state, message: { ...state.message, id: chunk.messageId } },
        chunk.messageMetadata,
      );
    case "finish":
    case "message-metadata":
      return withMetadata(state, chunk.messageMetadata);
    case "text-start":
    case "reasoning-start":
      return startText(state, kindOf(chunk.type), chunk.id, chunk.providerMetadata);
    case "text-delta":
    case "reasoning-delta":
      return growText(state, kindOf(chunk.type), chunk);
    case "text-end":
    case "reasoning-end":
      return endText(state, kindOf(chunk.type), chunk);
    case "start-step":
      return push(state, { type: "step-start" });
    case "reset-step":
      return resetStep(state);
    case "file":
    case "reasoning-file":
    case "source-url":
    case "source-document":
    case "custom":
    case "steering-message":
      return push(state, { ...chunk });
    case "finish-step":
    case "error":
    case "abort":
      return state;
    default:
      return isToolChunk(chunk) ? foldTool(state, chunk) : foldData(state, chunk);
  }
}

/** The message as it stays when nothing more will come: parts that were still being written are done. */
export function closeMessage(state: OpenMessage): Message {
  const parts = state.message.parts.map((part) =>
    "state" in part && part.state === "streaming" ? { ...part, state: "done" as const } : part,
  );
  return { ...state.message, parts: parts };
}

type DataChunk = Extract<Chunk, { readonly type: `data-${string}` }>;
type ToolChunk = Extract<Chunk, { readonly type: `tool-${string}` }>;
type Kind = "text" | "reasoning";

const kindOf = (type: string): Kind => (type.startsWith("text") ? "text" : "reasoning");

const isToolChunk = (chunk: Chunk): chunk is ToolChunk => chunk.type.startsWith("tool-");

function withMetadata(state: OpenMessage, metadata: unknown): OpenMessage {
  if (typeof metadata !== "object" || metadata === null) return state;
  return {
    ...state,
    message: { ...state.message, metadata: { ...state.message.metadata, ...metadata } },
  };
}

function push(state: OpenMessage, part: Part): OpenMessage {
  return { ...state, message: { ...state.message, parts: [...state.message.parts, part] } };
}

function replace(state: OpenMessage, index: number, part: Part): OpenMessage {
  const parts = state.message.parts.slice();
  parts[index] = part;
  return { ...state, message: { ...state.message, parts } };
}

function startText(
  state: OpenMessage,
  kind: Kind,
  id: string,
  providerMetadata: unknown,
): OpenMessage {
  const part: TextPart | ReasoningPart = {
    ...(kind === "text" ? { type: "text" } : { type: "reasoning", id }),
    text: "",
    ...(providerMetadata === undefined ? {} : { providerMetadata }),
    state: "streaming",
  };
  const open = { ...state.open, [`${kind}:${id}`]: state.message.parts.length };
  return { ...push(state, part), open };
}

function growText(
  state: OpenMessage,
  kind: Kind,
  chunk: { readonly id: string; readonly delta: string; readonly providerMetadata?: unknown },
): OpenMessage {
  const index = state.open[`${kind}:${chunk.id}`];
  if (index === undefined)
    return growText(startText(state, kind, chunk.id, undefined), kind, chunk);
  const part = state.message.parts[index] as TextPart;
  const grown = { ...part, text: part.text + chunk.delta };
  return replace(
    state,
    index,
    chunk.providerMetadata === undefined
      ? grown
      : { ...grown, providerMetadata: chunk.providerMetadata },
  );
}

function endText(
  state: OpenMessage,
  kind: Kind,
  chunk: { readonly id: string; readonly citations?: unknown; readonly providerMetadata?: unknown },
): OpenMessage {
  const key = `${kind}:${chunk.id}`;
  const index = state.open[key];
  if (index === undefined) return state;
  const { [key]: _ended, ...open } = state.open;
  const part = {
    ...(state.message.parts[index] as TextPart),
    ...(chunk.citations === undefined ? {} : { citations: chunk.citations }),
    ...(chunk.providerMetadata === undefined ? {} : { providerMetadata: chunk.providerMetadata }),
    state: "done" as const,
  };
  return { ...replace(state, index, part), open };
}

/** Removes the parts of the current step: a model call is tried again. */
function resetStep(state: OpenMessage): OpenMessage {
  const { parts } = state.message;
  const start = parts.findLastIndex((part) => part.type === "step-start") + 1;
  return { ...state, open: {}, message: { ...state.message, parts: parts.slice(0, start) } };
}

function foldData(state: OpenMessage, chunk: DataChunk): OpenMessage {
  if (chunk.transient === true) return state;
  const index =
    chunk.id === undefined
      ? -1
      : state.message.parts.findIndex(
          (part) => part.type === chunk.type && "id" in part && part.id === chunk.id,
        );
  const part: Part = {
    type: chunk.type,
    ...(chunk.id === undefined ? {} : { id: chunk.id }),
    data: chunk.data,
  };
  return index === -1 ? push(state, part) : replace(state, index, part);
}

function foldTool(state: OpenMessage, chunk: ToolChunk): OpenMessage {
  const index = state.message.parts.findLastIndex(
    (part) =>
      isToolPart(part) &&
      (chunk.type === "tool-approval-response"
        ? part.approval?.id === chunk.approvalId
        : part.toolCallId === chunk.toolCallId),
  );
  const found = state.message.parts[index];
  if (found !== undefined && isToolPart(found))
    return replace(state, index, toolAfter(found, chunk));
  if (chunk.type === "tool-approval-response") return state;
  const name = "toolName" in chunk ? chunk.toolName : "tool";
  const identity =
    "dynamic" in chunk && chunk.dynamic === true
      ? { type: "dynamic-tool" as const, toolName: name }
      : { type: `tool-${name}` as const };
  return push(
    state,
    toolAfter({ ...identity, toolCallId: chunk.toolCallId, state: "input-streaming" }, chunk),
  );
}

function toolAfter(part: ToolPart, chunk: ToolChunk): ToolPart {
  switch (chunk.type) {
    case "tool-input-start":
      return { ...part, ...optional(chunk), state: "input-streaming" };
    case "tool-input-delta":
      return {
        ...part,
        rawInput: `${typeof part.rawInput === "string" ? part.rawInput : ""}${chunk.inputTextDelta}`,
      };
    case "tool-input-available": {
      const { rawInput: _raw, ...rest } = part;
      return { ...rest, ...optional(chunk), state: "input-available", input: chunk.input };
    }
    case "tool-input-error":
      return {
        ...part,
        ...optional(chunk),
        state: "output-error",
        input: chunk.input,
        errorText: chunk.errorText,
      };
    case "tool-approval-request":
      return {
        ...part,
        state: "approval-requested",
        approval: {
          id: chunk.approvalId,
          ...(chunk.reason === undefined ? {} : { requestReason: chunk.reason }),
        },
      };
    case "tool-approval-response":
      return {
        ...part,
        state: "approval-responded",
        approval: {
          ...part.approval,
          id: chunk.approvalId,
          approved: chunk.approved,
          ...(chunk.reason === undefined ? {} : { reason: chunk.reason }),
        },
      };
    case "tool-output-available": {
      const { preliminary: _preliminary, ...rest } = part;
      return {
        ...rest,
        ...optional(chunk),
        state: "output-available",
        output: chunk.output,
        ...(chunk.preliminary === undefined ? {} : { preliminary: chunk.preliminary }),
      };
    }
    case "tool-output-error":
      return { ...part, ...optional(chunk), state: "output-error", errorText: chunk.errorText };
    case "tool-output-denied":
      return { ...part, state: "output-denied" };
  }
}

/** The optional fields that a tool chunk may bring, under the names that a part gives them. */
function optional(chunk: ToolChunk): Partial<ToolPart> {
  const isResult = chunk.type.startsWith("tool-output") || chunk.type === "tool-input-error";
  return {
    ...("title" in chunk && chunk.title !== undefined ? { title: chunk.title } : {}),
    ...("toolMetadata" in chunk && chunk.toolMetadata !== undefined
      ? { toolMetadata: chunk.toolMetadata }
      : {}),
    ...("providerExecuted" in chunk && chunk.providerExecuted !== undefined
      ? { providerExecuted: chunk.providerExecuted }
      : {}),
    ...("providerMetadata" in chunk && chunk.providerMetadata !== undefined
      ? { [isResult ? "resultProviderMetadata" : "callProviderMetadata"]: chunk.providerMetadata }
      : {}),
  };
}
