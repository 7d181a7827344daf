/** The table of tasks: the agent's plan, and the application's tasks, which are asked for by status, newest first. */

import type { Sql, SqlRow } from "../object/index.ts";
import type { Task, TaskPriority, TaskStatus } from "../protocol/index.ts";
import { MAX_LIVE_TASKS, TASK_STATUSES } from "../protocol/index.ts";

/** A row of `tasks`. `place` orders those of one source: the place in the plan, or `createdAt`. Times are milliseconds since 1970. */
export interface TaskRow extends SqlRow {
  id: string;
  source: string;
  place: number;
  title: string;
  status: string;
  priority: string | null;
  /** JSON. */
  payload: string | null;
  /** JSON. */
  result: string | null;
  error: string | null;
  progress: number | null;
  due_at: number | null;
  created_at: number;
  updated_at: number;
}

/** Which tasks to list. */
export interface TaskFilter {
  /** Default: all. */
  readonly status?: TaskStatus | undefined;
  /** Most tasks of the application: 1 to 200, default 50. The plan is always whole. */
  readonly limit?: number | undefined;
  /** The `createdAt` of the first task of a page gives the page before it, without the plan. */
  readonly before?: number | undefined;
}

/** Reads and writes tasks. */
export class TaskTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Writes a task of the application: two rows where it is new or its status is, otherwise one. */
  put(task: Task): void {
    if (!this.#update(task)) this.#write(task, task.createdAt);
  }

  /** Makes the table hold this plan; steps that stay as they are cost nothing. */
  setPlan(plan: readonly Task[]): void {
    const kept = new Set(plan.map(({ id }) => id));
    for (const { id } of this.plan())
      if (!kept.has(id)) this.#sql.run("DELETE FROM tasks WHERE id = ? AND source = 'plan'", id);
    plan.forEach((task, place) => this.#write(task, place));
  }

  /** The task of the application of this id, or else the step of the plan. */
  find(id: string): Task | undefined {
    return this.#sql
      .run<TaskRow>("SELECT * FROM tasks WHERE id = ? ORDER BY source LIMIT 1", id)
      .map(taskOf)[0];
  }

  /** The plan, in order; of one status, or whole. */
  plan(status?: TaskStatus): readonly Task[] {
    return this.#ofStatuses(
      status,
      (one) =>
        this.#sql.run<TaskRow>(
          "SELECT * FROM tasks WHERE status = ? AND source = 'plan' ORDER BY place",
          one,
        ),
      Infinity,
    );
  }

  /** The plan, and the newest tasks of the application that a filter asks for, oldest first. */
  list({ status, limit = 50, before }: TaskFilter = {}): readonly Task[] {
    const bounded = Math.max(1, Math.min(MAX_LIVE_TASKS, Math.floor(limit) || 1));
    const plan = before === undefined ? this.plan(status) : [];
    return [...plan, ...this.#newest(bounded, status, before)];
  }

  /** What a reader's state holds. */
  live(): readonly Task[] {
    return this.list({ limit: MAX_LIVE_TASKS });
  }

  #newest(limit: number, status: TaskStatus | undefined, before = Number.MAX_SAFE_INTEGER) {
    return this.#ofStatuses(
      status,
      (one) =>
        this.#sql.run<TaskRow>(
          `SELECT * FROM tasks WHERE status = ? AND source = 'app' AND place < ?
           ORDER BY place DESC LIMIT ?`,
          one,
          before,
          limit,
        ),
      limit,
    );
  }

  /** Each status is a run of the index: without one, as many are read as there are statuses. */
  #ofStatuses(
    status: TaskStatus | undefined,
    read: (status: TaskStatus) => readonly TaskRow[],
    limit: number,
  ): readonly Task[] {
    const rows = (status === undefined ? TASK_STATUSES : [status]).flatMap(read);
    return rows
      .toSorted((a, b) => a.place - b.place)
      .slice(-limit)
      .map(taskOf);
  }

  /** Leaves the columns of the index alone: naming them bills a row for it, even if they stay as they are. */
  #update(task: Task): boolean {
    const updated = this.#sql.run(
      `UPDATE tasks SET title = ?, priority = ?, payload = ?, result = ?, error = ?, progress = ?, due_at = ?,
         updated_at = ? WHERE id = ? AND source = ? AND status = ? RETURNING id`,
      task.title,
      ...detailsOf(task),
      task.updatedAt,
      task.id,
      task.source,
      task.status,
    );
    return updated.length > 0;
  }

  #write(task: Task, place: number): void {
    this.#sql.run(
      `INSERT INTO tasks (id, source, place, title, status, priority, payload, result, error, progress, due_at,
         created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id, source) DO UPDATE SET place = excluded.place, title = excluded.title,
         status = excluded.status, priority = excluded.priority, payload = excluded.payload,
         result = excluded.result, error = excluded.error, progress = excluded.progress,
         due_at = excluded.due_at, created_at = excluded.created_at, updated_at = excluded.updated_at
       WHERE place <> excluded.place OR updated_at <> excluded.updated_at OR title <> excluded.title
         OR status <> excluded.status OR priority IS NOT excluded.priority`,
      task.id,
      task.source,
      place,
      task.title,
      task.status,
      ...detailsOf(task),
      task.createdAt,
      task.updatedAt,
    );
  }
}

/** The columns of what a task may lack, in their order. */
const detailsOf = ({ priority, payload, result, error, progress, dueAt }: Task) =>
  [
    priority ?? null,
    jsonOrNull(payload),
    jsonOrNull(result),
    error ?? null,
    progress ?? null,
    dueAt ?? null,
  ] as const;

const jsonOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value));

/** In the order of a new task's fields, so that a task reads the same from the log and from the table. */
function taskOf(row: TaskRow): Task {
  return {
    id: row.id,
    title: row.title,
    status: row.status as TaskStatus,
    ...(row.priority === null ? {} : { priority: row.priority as TaskPriority }),
    ...(row.payload === null ? {} : { payload: JSON.parse(row.payload) as unknown }),
    ...(row.result === null ? {} : { result: JSON.parse(row.result) as unknown }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.progress === null ? {} : { progress: row.progress }),
    ...(row.due_at === null ? {} : { dueAt: row.due_at }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    source: row.source as Task["source"],
  };
}
