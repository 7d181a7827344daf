/** Parsing of tasks at the boundary. */

import { badFrame, integer, oneOf, parseId, string } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import type { NewTask, PlanEntry, TaskPatch, TaskStatus } from "./tasks.ts";
import { TASK_PRIORITIES, TASK_STATUSES } from "./tasks.ts";

/** Names that version 0.1 had for two statuses: in logs that it wrote, and from runners of that version. */
const EARLIER_NAMES: Readonly<Record<string, TaskStatus>> = {
  in_progress: "running",
  completed: "done",
};

/** A status by its name, or by the one that it had earlier; undefined for any other. */
export function taskStatusOf(name: string): TaskStatus | undefined {
  return EARLIER_NAMES[name] ?? TASK_STATUSES.find((one) => one === name);
}

/** A plan, as a runner tells it. Throws `bad_frame`. */
export function parsePlan(value: unknown): readonly PlanEntry[] {
  if (!Array.isArray(value)) throw badFrame("`tasks` must be a list");
  return value.map((task: unknown) => {
    if (!isObject(task)) throw badFrame("a task is an object");
    return {
      id: string(task, "id"),
      title: string(task, "title"),
      status: statusOf(task),
      ...optional(task, "priority", priorityOf),
    };
  });
}

/** A task to create. Throws `bad_frame`. */
export function parseNewTask(value: unknown): NewTask {
  if (!isObject(value)) throw badFrame("`task` must be an object");
  return {
    title: titleOf(value),
    ...optional(value, "id", ({ id }) => parseId(id)),
    ...optional(value, "priority", priorityOf),
    ...optional(value, "payload", ({ payload }) => payload),
    ...optional(value, "dueAt", integer),
  };
}

/** What is to change of a task. Throws `bad_frame`. */
export function parseTaskPatch(value: unknown): TaskPatch {
  if (!isObject(value)) throw badFrame("`patch` must be an object");
  return {
    ...optional(value, "title", titleOf),
    ...optional(value, "status", statusOf),
    ...optional(value, "priority", orNull(priorityOf)),
    ...optional(value, "payload", ({ payload }) => payload),
    ...optional(value, "result", ({ result }) => result),
    ...optional(value, "error", orNull(string)),
    ...optional(value, "progress", orNull(progressOf)),
    ...optional(value, "dueAt", orNull(integer)),
  };
}

type Parse<T> = (object: JsonObject, field: string) => T;

/** A field that may be missing. */
function optional<K extends string, T>(
  object: JsonObject,
  field: K,
  parse: Parse<T>,
): { [Key in K]?: T } {
  return object[field] === undefined
    ? {}
    : ({ [field]: parse(object, field) } as { [Key in K]: T });
}

/** A field that null takes away. */
const orNull =
  <T>(parse: Parse<T>): Parse<T | null> =>
  (object, field) =>
    object[field] === null ? null : parse(object, field);

const priorityOf = (task: JsonObject) => oneOf(task, "priority", TASK_PRIORITIES);

function titleOf(task: JsonObject): string {
  const title = string(task, "title");
  if (title.trim() === "") throw badFrame("`title` must not be empty");
  return title;
}

function statusOf(task: JsonObject): TaskStatus {
  const status = taskStatusOf(string(task, "status"));
  if (status === undefined) throw badFrame(`\`status\` must be one of ${TASK_STATUSES.join(", ")}`);
  return status;
}

function progressOf({ progress }: JsonObject): number {
  if (typeof progress !== "number" || !(progress >= 0 && progress <= 1))
    throw badFrame("`progress` must be a number from 0 to 1");
  return progress;
}
