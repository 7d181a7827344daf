/** Tasks as the tasks extension of MCP has them on the wire (SEP-2663). */

import type { StoredTask, StoredTaskChange, TaskStatus } from "./handle-rpc.ts";
import { canonicalJson } from "../object/index.ts";

export type { TaskStatus } from "./handle-rpc.ts";

/** A task: what `tasks/get` answers, flat. With `resultType: "task"` it is what a call that makes one answers. */
export interface McpTask {
  /** A handle, a dot and 16 characters: whoever has it reaches the task. */
  readonly taskId: string;
  /** Where it stands. */
  readonly status: TaskStatus;
  /** For people: what it is doing, or why it has ended. */
  readonly statusMessage?: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly lastUpdatedAt: string;
  /** How long it is kept from its creation on, in milliseconds; longer while it changes. */
  readonly ttlMs: number;
  /** How often to ask for it, in milliseconds. */
  readonly pollIntervalMs?: number;
  /** Where it is `input_required`: what is asked for, by keys. */
  readonly inputRequests?: Readonly<Record<string, unknown>>;
  /** Where it is `completed`: the result of the call. */
  readonly result?: unknown;
  /** Where it has `failed`: a JSON-RPC error. */
  readonly error?: unknown;
}

/** What a new task has. */
export interface NewTask {
  /** How long it is kept from its creation on, in milliseconds; default as its handle. */
  readonly ttlMs?: number | undefined;
  /** How often clients should ask for it, in milliseconds. */
  readonly pollIntervalMs?: number | undefined;
  /** For people: what it is doing. */
  readonly statusMessage?: string | undefined;
}

/** A change of a task; what is not named stays. It is `input_required` by itself while input is asked for. */
export interface TaskChange {
  /** Where it stands; all but `working` are final. */
  readonly status?: "working" | "completed" | "failed" | "cancelled" | undefined;
  /** For people: what it is doing, or why it has ended. */
  readonly statusMessage?: string | undefined;
  /** JSON, at most 1 MiB. */
  readonly result?: unknown;
  /** JSON, at most 1 MiB. */
  readonly error?: unknown;
}

/** The tasks of one handle. Each method but `get` throws `not_found` where there is no such handle, and `task_not_found` for another's task. */
export interface TaskList {
  /** Begins a task, `working`. Throws `rate_limited` past 100 tasks of a handle. */
  readonly create: (task?: NewTask) => Promise<McpTask>;
  /** A task; null where there is none. */
  readonly get: (taskId: string) => Promise<McpTask | null>;
  /** All of them, the oldest first. */
  readonly list: () => Promise<readonly McpTask[]>;
  /** Changes a task; the same again has no effect. Throws `task_ended` where it is completed, failed or cancelled, `too_large`. */
  readonly update: (taskId: string, change: TaskChange) => Promise<McpTask>;
  /** Cancels a task. One that has ended stays as it is. */
  readonly cancel: (taskId: string) => Promise<McpTask>;
}

/** A stored task as the wire has it. */
export function taskOf(handle: string, task: StoredTask): McpTask {
  const { status, statusMessage, pollIntervalMs, inputRequests, result, error } = task;
  return {
    taskId: `${handle}.${task.id}`,
    status,
    ...(statusMessage === null ? {} : { statusMessage }),
    createdAt: new Date(task.createdAt).toISOString(),
    lastUpdatedAt: new Date(task.updatedAt).toISOString(),
    ttlMs: task.ttlMs,
    ...(pollIntervalMs === null ? {} : { pollIntervalMs }),
    ...(status === "input_required" ? { inputRequests: parsedValues(inputRequests) } : {}),
    ...(result === null ? {} : { result: JSON.parse(result) as unknown }),
    ...(error === null ? {} : { error: JSON.parse(error) as unknown }),
  };
}

/** A change as it is stored. */
export function changeOf({ status, statusMessage, result, error }: TaskChange): StoredTaskChange {
  return {
    status,
    statusMessage,
    result: result === undefined ? undefined : canonicalJson(result),
    error: error === undefined ? undefined : canonicalJson(error),
  };
}

/** Values that are stored as JSON. */
export function parsedValues(
  texts: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, JSON.parse(text) as unknown]),
  );
}
