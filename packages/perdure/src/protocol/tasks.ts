/** Tasks: the steps of an agent's plan, and the work that an application keeps in a session. */

import { MAX_LIVE_TASKS } from "./limits.ts";

/** Where a task stands. `done`, `failed` and `cancelled` are its ends; of these only `failed` may be left again. */
export type TaskStatus = "pending" | "running" | "done" | "failed" | "cancelled";

/** All statuses, in the order in which a task may have them. */
export const TASK_STATUSES: readonly TaskStatus[] = [
  "pending",
  "running",
  "done",
  "failed",
  "cancelled",
];

/** How much a task matters. */
export type TaskPriority = "high" | "medium" | "low";

/** All priorities, the highest first. */
export const TASK_PRIORITIES: readonly TaskPriority[] = ["high", "medium", "low"];

/** A task. As JSON it has at most `MAX_TASK_BYTES`. */
export interface Task {
  /** Unique among the tasks of its source. */
  readonly id: string;
  /** One line. */
  readonly title: string;
  readonly status: TaskStatus;
  readonly priority?: TaskPriority | undefined;
  /** What is to be done: any JSON. */
  readonly payload?: unknown;
  /** What came of it: any JSON. */
  readonly result?: unknown;
  /** Why it failed. */
  readonly error?: string | undefined;
  /** From 0 to 1. */
  readonly progress?: number | undefined;
  /** When it is due, in milliseconds since 1970. */
  readonly dueAt?: number | undefined;
  /** Milliseconds since 1970. No two tasks of the application have the same: it orders them. */
  readonly createdAt: number;
  /** Milliseconds since 1970; it rises with every change. */
  readonly updatedAt: number;
  /** `plan`: a step of the agent's plan, which only the agent changes. `app`: made by `create-task`. */
  readonly source: "plan" | "app";
}

/** A step of a plan, as a runner tells it. */
export type PlanEntry = Pick<Task, "id" | "title" | "status" | "priority">;

/** A task that is to be. Its id makes it safe to repeat: the first creation stands. */
export interface NewTask extends Pick<Task, "title" | "priority" | "payload" | "dueAt"> {
  /** Default: the command's id, or a random one. */
  readonly id?: string | undefined;
}

/** What is to change, with the fields of `Task`; null takes a field away, and what is missing or undefined stays. */
export interface TaskPatch {
  readonly title?: string | undefined;
  readonly status?: TaskStatus | undefined;
  readonly priority?: TaskPriority | null | undefined;
  readonly payload?: unknown;
  readonly result?: unknown;
  readonly error?: string | null | undefined;
  readonly progress?: number | null | undefined;
  readonly dueAt?: number | null | undefined;
}

/** Whether a task has not come to an end. */
export function isOpenTask({ status }: Pick<Task, "status">): boolean {
  return status === "pending" || status === "running";
}

/** The plan, then the application's tasks. */
export function withPlan(tasks: readonly Task[], plan: readonly Task[]): readonly Task[] {
  return [...plan, ...tasks.filter(({ source }) => source === "app")];
}

/** The tasks with this one of the application as it is now: the newest, as they were created, behind the plan. */
export function withTask(tasks: readonly Task[], task: Task): readonly Task[] {
  const others = withPlan(tasks, []).filter(({ id }) => id !== task.id);
  const all = [...others, task].toSorted((a, b) => a.createdAt - b.createdAt);
  const plan = tasks.filter(({ source }) => source === "plan");
  return withPlan(all.slice(-MAX_LIVE_TASKS), plan);
}
