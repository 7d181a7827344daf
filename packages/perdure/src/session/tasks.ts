/** What creating and changing a task does. Everything is checked before anything is appended. */

import type { Timers } from "../object/index.ts";
import type { NewTask, PlanEntry, Task, TaskPatch } from "../protocol/index.ts";
import { isOpenTask, MAX_TASK_BYTES, PerdureError } from "../protocol/index.ts";
import type { SessionLog } from "./session-log.ts";

/** The timers of tasks that are due some time: the prefix, then the id. */
export const TASK_TIMER = "perdure:task:";

/** Where tasks are written, by whom, and when. */
export interface TaskContext {
  readonly log: SessionLog;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly by: string;
}

/** What became of a command on a task. */
export interface TaskOutcome {
  readonly task: Task;
  /** The log's last position, which is that of the change where there was one. */
  readonly position: number;
}

/** Creates a task; one of this id that is there already stays as it is. Throws `too_large`. */
export function createTask(context: TaskContext, id: string, task: NewTask): TaskOutcome {
  const { log, at } = context;
  const there = log.tasks.find(id);
  if (there?.source === "app") return { task: there, position: log.log.last };
  const newest = log.state.tasks.findLast(({ source }) => source === "app")?.createdAt ?? 0;
  const { title, ...rest } = task;
  // In the order of a row, so that a task reads the same from the log and from the table.
  const createdAt = Math.max(at, newest + 1);
  const { priority, payload, dueAt } = rest;
  return write(context, {
    id,
    title,
    status: "pending",
    ...defined({ priority, payload, dueAt }),
    createdAt,
    updatedAt: createdAt,
    source: "app",
  });
}

/**
 * Changes a task of the application; what changes nothing has no effect, so that it may be repeated. Throws
 * `task_not_found`, `task_ended` for a task that is done or cancelled, and `too_large`.
 */
export function updateTask(context: TaskContext, id: string, patch: TaskPatch): TaskOutcome {
  const { log, at } = context;
  const task = log.tasks.find(id);
  if (task === undefined || task.source === "plan")
    throw new PerdureError(
      "task_not_found",
      "There is no such task of the application; create it first. Only the agent changes its plan.",
    );
  const next = patched(task, patch);
  if (JSON.stringify(next) === JSON.stringify(task)) return { task, position: log.log.last };
  if (task.status === "done" || task.status === "cancelled")
    throw new PerdureError(
      "task_ended",
      `This task is ${task.status} and changes no more; create another.`,
      { status: task.status },
    );
  return write(context, { ...next, updatedAt: Math.max(at, task.updatedAt + 1) });
}

/** A plan as the log keeps it: steps that stay as they are keep their times. */
export function planOf(
  entries: readonly PlanEntry[],
  tasks: readonly Task[],
  at: number,
): readonly Task[] {
  const plan = new Map(
    tasks.flatMap((task) => (task.source === "plan" ? [[task.id, task] as const] : [])),
  );
  return entries.map((entry) => {
    const before = plan.get(entry.id);
    if (before === undefined) return { ...entry, createdAt: at, updatedAt: at, source: "plan" };
    const { createdAt, updatedAt, source } = before;
    const isSame = (["title", "status", "priority"] as const).every(
      (field) => before[field] === entry[field],
    );
    return {
      ...entry,
      createdAt,
      updatedAt: isSame ? updatedAt : Math.max(at, updatedAt + 1),
      source,
    };
  });
}

/** The task whose timer has rung, if it is still due. */
export function dueTask(log: SessionLog, timer: string, now: number): Task | undefined {
  const task = log.tasks.find(timer.slice(TASK_TIMER.length));
  const isDue = task?.dueAt !== undefined && task.dueAt <= now && isOpenTask(task);
  return isDue ? task : undefined;
}

function patched(task: Task, patch: TaskPatch): Task {
  const { id, createdAt, updatedAt, source, ...fields } = task;
  const { title, status, priority, payload, result, error, progress, dueAt } = {
    ...fields,
    ...defined(patch),
  };
  const optional = { priority, payload, result, error, progress, dueAt };
  return { id, title, status, ...present(optional), createdAt, updatedAt, source } as Task;
}

/** Has a task of the application that is open be due at its time. */
export function setTaskTimer(timers: Timers, task: Task): void {
  if (task.source === "app" && task.dueAt !== undefined && isOpenTask(task))
    timers.set(TASK_TIMER + task.id, task.dueAt);
}

function write({ log, timers, by, at }: TaskContext, task: Task): TaskOutcome {
  if (new TextEncoder().encode(JSON.stringify(task)).length > MAX_TASK_BYTES)
    throw new PerdureError(
      "too_large",
      `A task has at most ${MAX_TASK_BYTES} bytes as JSON; keep what is larger elsewhere and refer to it.`,
    );
  const timer = TASK_TIMER + task.id;
  const due = isOpenTask(task) ? task.dueAt : undefined;
  const before = log.tasks.find(task.id);
  const dueBefore = before !== undefined && isOpenTask(before) ? before.dueAt : undefined;
  if (due !== undefined && due !== dueBefore) timers.set(timer, due);
  else if (due === undefined && dueBefore !== undefined) timers.cancel(timer);
  return { task, position: log.append({ type: "task.changed", task, by, at }) };
}

/** The fields that are there; null takes one away. */
function present<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as Partial<T>;
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
