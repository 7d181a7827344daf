/**
 * How chunks become a message: the same rules as the AI SDK's own reader (a test holds the two against each other), but
 * immutable. It differs on purpose in five things:
 *
 * - Where that one throws, because a part was never begun, the part begins here: a log may be read from its middle.
 * - The JSON of a tool's input is not guessed from its beginning: until it is whole a part has `rawInput` alone.
 * - A call of one id in one step is one part, also where its chunks do not agree on whether the tool is dynamic.
 * - Fields of files, sources and tool errors that it leaves out are kept.
 * - Metadata that is no object is passed over.
 */

import type { Chunk } from "./chunks.ts";
import type { JsonObject } from "./json.ts";
import type { Message, Part, TextPart } from "./messages.ts";
import { isToolPart } from "./messages.ts";
import { isObject } from "./json.ts";
import type { ToolChunk } from "./tool-fold.ts";
import { defined, indexOfTool, newToolPart, toolAfter } from "./tool-fold.ts";

/** A message that is still being written, with what is needed to go on writing it. */
export interface OpenMessage {
  readonly message: Message;
  /** Log position of its first chunk. */
  readonly position: number;
  /** Where the open text and reasoning parts stand, by the type and id of their chunks. */
  readonly open: Readonly<Record<string, number>>;
}

/** A message with nothing in it. */
export function openMessage(id: string, position: number): OpenMessage {
  return { message: { id, role: "assistant", parts: [] }, position, open: {} };
}

/** The message after one more chunk. */
export function foldChunk(state: OpenMessage, chunk: Chunk): OpenMessage {
  switch (chunk.type) {
    case "start":
      return withMetadata(
        { ...state, message: { ...state.message, ...defined({ id: chunk.messageId }) } },
        chunk.messageMetadata,
      );
    case "finish":
    case "message-metadata":
      return withMetadata(state, chunk.messageMetadata);
    case "text-start":
    case "reasoning-start":
      return startText(state, chunk);
    case "text-delta":
    case "reasoning-delta":
      return growText(state, chunk);
    case "text-end":
    case "reasoning-end":
      return endText(state, chunk);
    case "start-step":
      return push(state, { type: "step-start" });
    case "reset-step":
      return resetStep(state);
    case "finish-step":
    case "error":
    case "abort":
      return state;
    default:
      if (isToolChunk(chunk)) return foldTool(state, chunk);
      return isDataChunk(chunk) ? foldData(state, chunk) : push(state, chunk);
  }
}

/** The message as it stays when nothing more will come: parts that were still being written are done. */
export function closeMessage(state: OpenMessage): Message {
  const parts = state.message.parts.map((part) =>
    "state" in part && part.state === "streaming" ? { ...part, state: "done" as const } : part,
  );
  return { ...state.message, parts };
}

type DataChunk = Extract<Chunk, { readonly type: `data-${string}` }>;

/** A chunk of a text or reasoning part, by what it does to the part. */
type TextChunk<Action extends "start" | "delta" | "end"> = Extract<
  Chunk,
  { readonly type: `text-${Action}` | `reasoning-${Action}` }
>;

/** Text and reasoning may have the same id; the first letter of the type tells them apart. */
const keyOf = ({ type, id }: Chunk & { readonly id: string }) => type.charAt(0) + id;

const isDataChunk = (chunk: Chunk): chunk is DataChunk => chunk.type.startsWith("data-");

const isToolChunk = (chunk: Chunk): chunk is ToolChunk => chunk.type.startsWith("tool-");

function withMetadata(state: OpenMessage, metadata: unknown): OpenMessage {
  if (!isObject(metadata)) return state;
  const { message } = state;
  const merged = mergeDeep(message.metadata, metadata) as JsonObject;
  return { ...state, message: { ...message, metadata: merged } };
}

/** Objects are merged, all else is replaced. */
function mergeDeep(before: unknown, patch: unknown): unknown {
  if (!isObject(before) || !isObject(patch)) return patch;
  const changed = Object.keys(patch).map((key) => [key, mergeDeep(before[key], patch[key])]);
  return { ...before, ...Object.fromEntries(changed) };
}

function withParts(state: OpenMessage, parts: readonly Part[]): OpenMessage {
  return { ...state, message: { ...state.message, parts } };
}

function push(state: OpenMessage, part: Part): OpenMessage {
  return withParts(state, [...state.message.parts, part]);
}

function replace(state: OpenMessage, index: number, part: Part): OpenMessage {
  return withParts(state, state.message.parts.with(index, part));
}

function startText(
  state: OpenMessage,
  chunk: TextChunk<"start"> | TextChunk<"delta">,
): OpenMessage {
  const { providerMetadata } = chunk;
  const begun = chunk.type.startsWith("text")
    ? { type: "text" as const }
    : { type: "reasoning" as const, id: chunk.id };
  const part = {
    ...begun,
    ...defined({ text: "", providerMetadata, state: "streaming" as const }),
  };
  const open = { ...state.open, [keyOf(chunk)]: state.message.parts.length };
  return { ...push(state, part), open };
}

function growText(state: OpenMessage, chunk: TextChunk<"delta">): OpenMessage {
  const index = state.open[keyOf(chunk)];
  if (index === undefined) return growText(startText(state, chunk), chunk);
  const part = state.message.parts[index] as TextPart;
  const { delta, providerMetadata } = chunk;
  const text = part.text + delta;
  return replace(state, index, { ...part, text, ...defined({ providerMetadata }) });
}

function endText(state: OpenMessage, chunk: TextChunk<"end">): OpenMessage {
  const { [keyOf(chunk)]: index, ...open } = state.open;
  if (index === undefined) return state;
  const { id: _id, type: _type, ...rest } = chunk;
  const part = { ...(state.message.parts[index] as TextPart), ...defined(rest), state: "done" };
  return { ...replace(state, index, part as TextPart), open };
}

/** Removes the parts of the current step: a model call is tried again. */
function resetStep(state: OpenMessage): OpenMessage {
  const { parts } = state.message;
  const start = parts.findLastIndex((part) => part.type === "step-start") + 1;
  return { ...withParts(state, parts.slice(0, start)), open: {} };
}

function foldData(state: OpenMessage, chunk: DataChunk): OpenMessage {
  const { type, id, data, transient } = chunk;
  if (transient === true) return state;
  const index = state.message.parts.findIndex(
    (part) => id !== undefined && part.type === type && "id" in part && part.id === id,
  );
  const found = state.message.parts[index];
  return found === undefined
    ? push(state, chunk)
    : replace(state, index, { ...found, data } as Part);
}

function foldTool(state: OpenMessage, chunk: ToolChunk): OpenMessage {
  const index = indexOfTool(state.message.parts, chunk);
  const found = state.message.parts[index];
  if (found !== undefined && isToolPart(found))
    return replace(state, index, toolAfter(found, chunk));
  return chunk.type === "tool-approval-response"
    ? state
    : push(state, toolAfter(newToolPart(chunk), chunk));
}
