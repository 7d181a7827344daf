/** From the agent's protocol to the log's: updates of one turn as AI SDK chunks and control events. */

import type {
  ApprovalOption,
  Chunk,
  JsonObject,
  PlanEntry,
  RunnerEvent,
  TaskStatus,
} from "perdure/protocol";
import { isObject, TASK_PRIORITIES } from "perdure/protocol";
import type { ToolQuestion } from "./tool-calls.ts";
import { ToolCalls } from "./tool-calls.ts";

/** How an agent ended its work on a prompt. */
export type TurnEnd =
  | { readonly kind: "stopped"; readonly stopReason: string }
  | { readonly kind: "failed"; readonly reason: string }
  /** The runner itself was told to stop. */
  | { readonly kind: "interrupted"; readonly reason: string };

/** Updates that replace the one before of the same kind, so that a message shows the last. */
const REPLACING_UPDATES: ReadonlySet<unknown> = new Set([
  "available_commands_update",
  "current_mode_update",
  "config_option_update",
  "session_info_update",
  "usage_update",
]);

/** The AI SDK's name for each way to stop; any other is "other". */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: "stop",
  max_tokens: "length",
  refusal: "content-filter",
};

/**
 * Translates one turn. Each method returns the events to write, in order; nothing that the agent says is left out: what has
 * no counterpart is carried whole as `data-acp`.
 */
export class TurnTranslation {
  readonly #turn: string;
  readonly #now: () => number;
  readonly #tools = new ToolCalls();
  readonly #usedIds = new Set<string>();
  /** The text or reasoning part that is being written. */
  #open:
    | { readonly kind: "text" | "reasoning"; readonly source: string; readonly id: string }
    | undefined;

  /** @param now Milliseconds since 1970, for control events. */
  constructor(turn: string, now: () => number) {
    this.#turn = turn;
    this.#now = now;
  }

  /** The answer begins. */
  begin(): RunnerEvent[] {
    return [{ type: "start", messageId: `${this.#turn}-reply` }];
  }

  /** An update of the session, as it came over the wire. */
  update(update: JsonObject): RunnerEvent[] {
    switch (update["sessionUpdate"]) {
      case "agent_message_chunk":
        return this.#content("text", update);
      case "agent_thought_chunk":
        return this.#content("reasoning", update);
      case "tool_call":
      case "tool_call_update":
        return this.#tool(update);
      case "plan":
        return [planEvent(update, this.#now()) ?? carriedWhole(update)];
      default:
        return [carriedWhole(update)];
    }
  }

  /** The agent asks a question about a tool call. */
  ask(
    approval: string,
    toolCall: JsonObject,
    options: readonly ApprovalOption[],
  ): { readonly events: RunnerEvent[]; readonly question: ToolQuestion } {
    const toolCallId = String(toolCall["toolCallId"]);
    const update = this.#tool(toolCall);
    const question = this.#tools.question(toolCallId);
    return {
      question,
      events: [
        ...update,
        { type: "tool-approval-request", approvalId: approval, toolCallId },
        {
          type: "approval.requested",
          approval,
          turn: this.#turn,
          toolCallId,
          ...question,
          options,
          at: this.#now(),
        },
      ],
    };
  }

  /** A person has answered. */
  answered(approval: string, toolCallId: string, approved: boolean): RunnerEvent[] {
    if (!approved) this.#tools.reject(toolCallId);
    return [{ type: "tool-approval-response", approvalId: approval, approved }];
  }

  /** A question was taken back before it was answered. */
  withdrawn(approval: string): RunnerEvent[] {
    return [{ type: "approval.closed", approval, why: "withdrawn", at: this.#now() }];
  }

  /**
   * The agent is done with the prompt, one way or another.
   *
   * @param whyCancelled The reason to name where the agent stopped as it was asked to.
   */
  end(end: TurnEnd, whyCancelled?: string): RunnerEvent[] {
    const at = this.#now();
    const turn = this.#turn;
    if (end.kind === "failed") {
      return [
        ...this.#closePart(),
        ...this.#tools.abandon("The turn failed before this was done."),
        { type: "error", errorText: end.reason },
        { type: "finish", finishReason: "error" },
        { type: "turn.ended", turn, outcome: "failed", reason: end.reason, at },
      ];
    }
    if (end.kind === "interrupted") {
      return [
        ...this.#closePart(),
        ...this.#tools.abandon("The runner was stopped before this was done."),
        { type: "abort", reason: end.reason },
        { type: "finish", finishReason: "other" },
        { type: "turn.ended", turn, outcome: "interrupted", reason: end.reason, at },
      ];
    }
    if (end.stopReason === "cancelled") {
      return [
        ...this.#closePart(),
        ...this.#tools.abandon("The turn was cancelled before this was done."),
        { type: "abort", reason: whyCancelled ?? "cancelled" },
        { type: "finish", finishReason: "other" },
        {
          type: "turn.ended",
          turn,
          outcome: "cancelled",
          ...(whyCancelled === undefined ? {} : { reason: whyCancelled }),
          at,
        },
      ];
    }
    const isPlainEnd = end.stopReason === "end_turn";
    return [
      ...this.#closePart(),
      { type: "finish", finishReason: FINISH_REASONS[end.stopReason] ?? "other" },
      {
        type: "turn.ended",
        turn,
        outcome: "completed",
        ...(isPlainEnd ? {} : { reason: end.stopReason }),
        at,
      },
    ];
  }

  #content(kind: "text" | "reasoning", update: JsonObject): RunnerEvent[] {
    const { content } = update;
    if (!isObject(content)) return [carriedWhole(update)];
    if (content["type"] === "text" && typeof content["text"] === "string") {
      const opened = this.#openPart(kind, sourceOf(update));
      const meta = update["_meta"] ?? content["_meta"];
      return [
        ...opened.chunks,
        {
          type: `${kind}-delta`,
          id: opened.id,
          delta: content["text"],
          ...(isObject(meta) ? { providerMetadata: { acp: meta } } : {}),
        },
      ];
    }
    const file = fileChunk(kind, content);
    return file === undefined ? [carriedWhole(update)] : [...this.#closePart(), file];
  }

  /** A part goes on while its kind and the agent's message stay the same and no other part comes between. */
  #openPart(
    kind: "text" | "reasoning",
    source: string,
  ): { readonly id: string; readonly chunks: Chunk[] } {
    const open = this.#open;
    if (open?.kind === kind && open.source === source) return { id: open.id, chunks: [] };
    const closed = this.#closePart();
    const id = this.#unusedId(source === "" ? kind : source);
    this.#open = { kind, source, id };
    return { id, chunks: [...closed, { type: `${kind}-start`, id }] };
  }

  #closePart(): Chunk[] {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? [] : [{ type: `${open.kind}-end`, id: open.id }];
  }

  #unusedId(wanted: string): string {
    let id = wanted;
    for (let count = 2; this.#usedIds.has(id); count += 1) id = `${wanted}.${count}`;
    this.#usedIds.add(id);
    return id;
  }

  #tool(update: JsonObject): RunnerEvent[] {
    const { toolCallId } = update;
    if (typeof toolCallId !== "string") return [carriedWhole(update)];
    const closed = this.#tools.has(toolCallId) ? [] : this.#closePart();
    return [...closed, ...this.#tools.update(toolCallId, update)];
  }
}

/** An update that has no counterpart among the AI SDK's chunks, with everything that it brought. */
export function carriedWhole(update: JsonObject): Chunk {
  const kind = update["sessionUpdate"];
  const isReplacing = typeof kind === "string" && REPLACING_UPDATES.has(kind);
  return { type: "data-acp", ...(isReplacing ? { id: kind } : {}), data: update };
}

/** The options of a question; undefined where they are not what the protocol says. */
export function approvalOptions(
  options: readonly unknown[],
): readonly ApprovalOption[] | undefined {
  const parsed = options.flatMap((option) => {
    if (!isObject(option)) return [];
    const { optionId, name } = option;
    const kind = OPTION_KINDS.find((one) => one === option["kind"]);
    return typeof optionId === "string" && typeof name === "string" && kind !== undefined
      ? [{ id: optionId, name, kind }]
      : [];
  });
  return parsed.length > 0 && parsed.length === options.length ? parsed : undefined;
}

const OPTION_KINDS = ["allow_once", "allow_always", "reject_once", "reject_always"] as const;

function planEvent(update: JsonObject, at: number): RunnerEvent | undefined {
  const { entries } = update;
  if (!Array.isArray(entries)) return undefined;
  const tasks = entries.flatMap((entry: unknown, index): PlanEntry[] => {
    if (!isObject(entry) || typeof entry["content"] !== "string") return [];
    const status = TASK_STATUSES.get(entry["status"]);
    const priority = TASK_PRIORITIES.find((one) => one === entry["priority"]);
    if (status === undefined) return [];
    const task = { id: `task-${index + 1}`, title: entry["content"], status };
    return [priority === undefined ? task : { ...task, priority }];
  });
  return tasks.length === entries.length ? { type: "tasks.changed", tasks, at } : undefined;
}

/** The agent's names for where a step of its plan stands, with ours. */
const TASK_STATUSES: ReadonlyMap<unknown, TaskStatus> = new Map([
  ["pending", "pending"],
  ["in_progress", "running"],
  ["completed", "done"],
]);

/** Images and sounds come with their bytes in base64. */
function fileChunk(kind: "text" | "reasoning", content: JsonObject): Chunk | undefined {
  const { type, data, mimeType } = content;
  if (type !== "image" && type !== "audio") return undefined;
  if (typeof data !== "string" || typeof mimeType !== "string") return undefined;
  return {
    type: kind === "text" ? "file" : "reasoning-file",
    url: `data:${mimeType};base64,${data}`,
    mediaType: mimeType,
  };
}

const sourceOf = (update: JsonObject) =>
  typeof update["messageId"] === "string" ? update["messageId"] : "";
