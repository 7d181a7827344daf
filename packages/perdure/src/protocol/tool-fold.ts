/** How the chunks of a tool call become its part; see `message-fold.ts`. */

import type { Chunk } from "./chunks.ts";
import type { Part, ToolPart } from "./messages.ts";
import { isToolPart } from "./messages.ts";

/** A chunk of a tool call. */
export type ToolChunk = Extract<Chunk, { readonly type: `tool-${string}` }>;

/** The part of a call that begins with this chunk. */
export function newToolPart(
  chunk: Exclude<ToolChunk, { type: "tool-approval-response" }>,
): ToolPart {
  const toolName = "toolName" in chunk ? chunk.toolName : "tool";
  const call = { toolCallId: chunk.toolCallId, state: STREAMING } as const;
  return isDynamic(chunk)
    ? { ...call, type: "dynamic-tool", toolName }
    : { ...call, type: `tool-${toolName}` };
}

/**
 * Where the part of a chunk's call stands; -1 where there is none. A call's input belongs to its own step, because a later
 * step may use the id again; a result finds its call anywhere.
 */
export function indexOfTool(parts: readonly Part[], chunk: ToolChunk): number {
  if (chunk.type === "tool-approval-response")
    return parts.findIndex((part) => isToolPart(part) && part.approval?.id === chunk.approvalId);
  const { type, toolCallId } = chunk;
  const isCall = (part: Part) => isToolPart(part) && part.toolCallId === toolCallId;
  const stepStart = parts.findLastIndex((part) => part.type === "step-start");
  const inStep = parts.findIndex((part, at) => at > stepStart && isCall(part));
  return inStep === -1 && !type.startsWith("tool-input") ? parts.findLastIndex(isCall) : inStep;
}

/** The part after one more chunk of its call. A new input or output begins without what the state before had brought. */
export function toolAfter(part: ToolPart, chunk: ToolChunk): ToolPart {
  const {
    input,
    rawInput,
    inputEncoding,
    output: _o,
    errorText: _e,
    preliminary: _p,
    ...call
  } = part;
  const named = { ...call, ...namedBy(chunk) };
  switch (chunk.type) {
    case "tool-approval-request": {
      const { type: _type, toolCallId: _call, approvalId: id, ...question } = chunk;
      const { approvalDescriptor: descriptor, reason: requestReason, ...rest } = question;
      const approval = defined({ id, descriptor, requestReason, ...rest });
      return { ...part, state: "approval-requested", approval };
    }
    case "tool-approval-response": {
      const { approvalId: id, approved, reason } = chunk;
      const approval = { ...part.approval, id, approved, ...defined({ reason }) };
      return { ...part, ...namedBy(chunk), state: "approval-responded", approval };
    }
    case "tool-output-denied":
      return { ...part, state: "output-denied" };
    case "tool-input-start":
      return defined({ ...named, inputEncoding: chunk.inputEncoding, state: STREAMING });
    case "tool-input-delta": {
      const text = (typeof rawInput === "string" ? rawInput : "") + chunk.inputTextDelta;
      const known = inputEncoding === "text" ? text : undefined;
      return defined({ ...call, input: known, inputEncoding, rawInput: text, state: STREAMING });
    }
    case "tool-input-available":
      return { ...named, state: "input-available", input: chunk.input };
    case "tool-input-error":
      return { ...named, state: FAILED, input: chunk.input, errorText: chunk.errorText };
    case "tool-output-available": {
      const { output, preliminary } = chunk;
      return defined({ ...named, state: "output-available" as const, input, output, preliminary });
    }
    case "tool-output-error":
      return defined({ ...named, state: FAILED, input, rawInput, errorText: chunk.errorText });
  }
}

const STREAMING = "input-streaming";

const FAILED = "output-error";

const isDynamic = (chunk: ToolChunk) => "dynamic" in chunk && chunk.dynamic === true;

/** What a chunk says of the call itself, under the names that a part gives to it. */
function namedBy(chunk: ToolChunk): Partial<ToolPart> {
  const { title, toolMetadata, providerExecuted, providerMetadata } = chunk as Partial<
    Extract<ToolChunk, { type: "tool-input-available" }>
  >;
  const isResult = /output|error/.test(chunk.type);
  return defined({
    title,
    toolMetadata,
    providerExecuted,
    [isResult ? "resultProviderMetadata" : "callProviderMetadata"]: providerMetadata,
  });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The fields that are not undefined: a part is stored as JSON, which has no other way to say so. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
