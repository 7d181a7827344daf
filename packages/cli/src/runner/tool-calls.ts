import type { Chunk, JsonObject } from "perdure/protocol";
import { isObject } from "perdure/protocol";

/** What is known of one tool call: each update changes what it names, and a new list of contents replaces the old. */
interface ToolCall {
  readonly title: string | undefined;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly content: readonly unknown[];
  readonly locations: readonly unknown[];
  readonly rawInput: unknown;
  readonly rawOutput: unknown;
  /** Extension data of the agent. */
  readonly meta: unknown;
}

/** What a person is asked about. */
export interface ToolQuestion {
  readonly kind: string;
  readonly title: string;
  readonly input: unknown;
}

/** A tool call is over in these states. */
const FINAL_STATUSES: ReadonlySet<string> = new Set(["completed", "failed"]);

/** The tool calls of one turn, as chunks. */
export class ToolCalls {
  readonly #calls = new Map<string, ToolCall>();
  readonly #rejected = new Set<string>();

  /** Whether a tool call of this id is known. */
  has(toolCallId: string): boolean {
    return this.#calls.has(toolCallId);
  }

  /** Takes a `tool_call`, a `tool_call_update` or the tool call of a question, and tells what is new. */
  update(toolCallId: string, change: JsonObject): Chunk[] {
    const before = this.#calls.get(toolCallId);
    const after = changed(before ?? UNKNOWN_CALL, change);
    this.#calls.set(toolCallId, after);

    const hasNewInput = before === undefined || !isSame(inputOf(before), inputOf(after));
    const hasNewOutput = !isSame(outputOf(before), outputOf(after)) || isNewlyFinal(before, after);
    const chunks: Chunk[] = hasNewInput ? [inputChunk(toolCallId, after)] : [];
    // A chunk about the input takes a call back to where it has no output, so the output is said again.
    return hasNewOutput || (hasNewInput && hasOutput(after))
      ? [...chunks, ...this.#outputChunks(toolCallId, after)]
      : chunks;
  }

  /** What is asked about a tool call. `input` is what the digest of the decision covers. */
  question(toolCallId: string): ToolQuestion {
    const call = this.#calls.get(toolCallId) ?? UNKNOWN_CALL;
    return {
      kind: call.kind,
      title: call.title ?? call.name,
      input: call.rawInput ?? (call.content.length > 0 ? call.content : null),
    };
  }

  /** A person has rejected it: its failure is then a refusal, and no error. */
  reject(toolCallId: string): void {
    this.#rejected.add(toolCallId);
  }

  /** The turn is over and these were not: nothing more will come of them. */
  abandon(errorText: string): Chunk[] {
    const open = [...this.#calls].filter(([, call]) => !FINAL_STATUSES.has(call.status));
    return open.map(([toolCallId]) => ({
      type: "tool-output-error",
      toolCallId,
      errorText,
      dynamic: true,
    }));
  }

  #outputChunks(toolCallId: string, call: ToolCall): Chunk[] {
    if (call.status === "failed" && this.#rejected.has(toolCallId)) {
      return [{ type: "tool-output-denied", toolCallId }];
    }
    if (call.status === "failed") {
      return [
        {
          type: "tool-output-error",
          toolCallId,
          errorText: errorTextOf(call),
          dynamic: true,
          // An error has only a text: what else the call brought goes along here.
          toolMetadata: { ...metadataOf(call), ...resultOf(call) },
        },
      ];
    }
    if (call.status !== "completed" && !hasOutput(call)) return [];
    return [
      {
        type: "tool-output-available",
        toolCallId,
        output: resultOf(call),
        dynamic: true,
        ...(call.status === "completed" ? {} : { preliminary: true }),
      },
    ];
  }
}

const UNKNOWN_CALL: ToolCall = {
  title: undefined,
  name: "",
  kind: "other",
  status: "pending",
  content: [],
  locations: [],
  rawInput: undefined,
  rawOutput: undefined,
  meta: undefined,
};

/** Absent and null both mean "unchanged". */
function changed(call: ToolCall, change: JsonObject): ToolCall {
  const kind = textOr(change["kind"], call.kind);
  return {
    title: typeof change["title"] === "string" ? change["title"] : call.title,
    name: textOr(change["name"], call.name === "" ? kind : call.name),
    kind,
    status: textOr(change["status"], call.status),
    content: Array.isArray(change["content"]) ? change["content"] : call.content,
    locations: Array.isArray(change["locations"]) ? change["locations"] : call.locations,
    rawInput: change["rawInput"] ?? call.rawInput,
    rawOutput: change["rawOutput"] ?? call.rawOutput,
    meta: change["_meta"] ?? call.meta,
  };
}

function inputChunk(toolCallId: string, call: ToolCall): Chunk {
  return {
    type: "tool-input-available",
    toolCallId,
    toolName: call.name,
    input: call.rawInput ?? {},
    dynamic: true,
    ...(call.title === undefined ? {} : { title: call.title }),
    toolMetadata: metadataOf(call),
  };
}

function metadataOf(call: ToolCall): JsonObject {
  return {
    kind: call.kind,
    ...(call.locations.length === 0 ? {} : { locations: call.locations }),
    ...(call.meta === undefined ? {} : { meta: call.meta }),
  };
}

function resultOf(call: ToolCall): JsonObject {
  return {
    content: call.content,
    ...(call.rawOutput === undefined ? {} : { rawOutput: call.rawOutput }),
  };
}

const hasOutput = (call: ToolCall) => call.content.length > 0 || call.rawOutput !== undefined;

const isNewlyFinal = (before: ToolCall | undefined, after: ToolCall) =>
  before?.status !== after.status && FINAL_STATUSES.has(after.status);

const inputOf = (call: ToolCall) => [call.title, call.name, call.rawInput, metadataOf(call)];

const outputOf = (call: ToolCall | undefined) => [call?.content ?? [], call?.rawOutput];

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** The texts that the call brought, or its raw output where that is a text. */
function errorTextOf(call: ToolCall): string {
  const texts = call.content.flatMap((item) =>
    isObject(item) && isObject(item["content"]) && typeof item["content"]["text"] === "string"
      ? [item["content"]["text"]]
      : [],
  );
  if (texts.length > 0) return texts.join("\n");
  return typeof call.rawOutput === "string" ? call.rawOutput : "The tool call failed.";
}

const textOr = (value: unknown, otherwise: string) =>
  typeof value === "string" && value !== "" ? value : otherwise;
