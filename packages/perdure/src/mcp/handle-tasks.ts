/** The tasks of a handle. */

import type { Clock, Sql } from "../object/index.ts";
import { firstRow } from "../object/index.ts";
import { MAX_MCP_TASKS, PerdureError } from "../protocol/index.ts";
import type { HandleInputs } from "./handle-inputs.ts";
import type { HandleCalls, StoredTask, StoredTaskChange, TaskStatus } from "./handle-rpc.ts";

/** A row of `mcp_tasks`. */
type TaskRow = {
  readonly id: string;
  readonly status: string;
  readonly message: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly ttl_ms: number;
  readonly poll_ms: number | null;
  readonly result: string | null;
  readonly error: string | null;
};

/** The tasks of one handle. While one waits for input it is `input_required`; that is nowhere stored. */
export class HandleTasks {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #inputs: HandleInputs;

  constructor(sql: Sql, clock: Clock, inputs: HandleInputs) {
    this.#sql = sql;
    this.#clock = clock;
    this.#inputs = inputs;
  }

  /** Makes a task; one of this id that is there is answered as it is. */
  create(
    { id, ttlMs, pollIntervalMs, statusMessage }: HandleCalls["createTask"]["args"],
    handleTtlMs: number,
  ): StoredTask {
    const known = this.#find(id);
    if (known !== undefined) return this.#asTask(known);
    const [{ count } = { count: 0 }] = this.#sql.run<{ count: number }>(
      "SELECT count(*) AS count FROM mcp_tasks",
    );
    if (count >= MAX_MCP_TASKS)
      throw new PerdureError(
        "rate_limited",
        `A handle has at most ${MAX_MCP_TASKS} tasks: make another handle.`,
      );
    const now = this.#clock.now();
    this.#sql.run(
      `INSERT INTO mcp_tasks (id, status, message, created_at, updated_at, ttl_ms, poll_ms) VALUES (?, 'working', ?, ?, ?, ?, ?)`,
      id,
      statusMessage,
      now,
      now,
      ttlMs ?? handleTtlMs,
      pollIntervalMs,
    );
    return this.get(id);
  }

  /** Throws `task_not_found` where there is none. */
  get(id: string): StoredTask {
    const row = this.#find(id);
    if (row === undefined)
      throw new PerdureError("task_not_found", "There is no such task under this handle.");
    return this.#asTask(row);
  }

  /** All of them, the oldest first. */
  list(): readonly StoredTask[] {
    return this.#sql
      .run<TaskRow>("SELECT * FROM mcp_tasks ORDER BY created_at, id")
      .map((row) => this.#asTask(row));
  }

  /** Changes a task. What changes nothing writes nothing; a final task gets `task_ended`, but to cancel it has no effect. */
  update(id: string, change: StoredTaskChange): StoredTask {
    const task = this.get(id);
    const before = task.status === "input_required" ? "working" : task.status;
    const row = {
      status: change.status ?? before,
      statusMessage: change.statusMessage ?? task.statusMessage,
      result: change.result ?? task.result,
      error: change.error ?? task.error,
    };
    const isSame =
      row.status === before &&
      row.statusMessage === task.statusMessage &&
      row.result === task.result &&
      row.error === task.error;
    if (isSame) return task;
    if (isFinal(task.status)) {
      if (change.status === "cancelled") return task;
      throw new PerdureError(
        "task_ended",
        `The task is ${task.status}; it does not change any more.`,
      );
    }
    this.#sql.run(
      "UPDATE mcp_tasks SET status = ?, message = ?, result = ?, error = ?, updated_at = ? WHERE id = ?",
      row.status,
      row.statusMessage,
      row.result,
      row.error,
      this.#clock.now(),
      id,
    );
    return this.get(id);
  }

  /** Throws `task_not_found` where there is no such task, and `task_ended` where it is final: nobody asks or answers any more. */
  checkOpen(id: string): void {
    const { status } = this.get(id);
    if (isFinal(status))
      throw new PerdureError("task_ended", `The task is ${status}; it takes no input any more.`);
  }

  /** Until when these tasks must be there, in milliseconds since 1970; 0 where there is none. */
  keptUntil(handleTtlMs: number): number {
    const [row] = this.#sql.run<{ at: number | null }>(
      "SELECT max(max(created_at + ttl_ms, updated_at + ?)) AS at FROM mcp_tasks",
      handleTtlMs,
    );
    return row?.at ?? 0;
  }

  #find(id: string): TaskRow | undefined {
    return firstRow(this.#sql.run<TaskRow>("SELECT * FROM mcp_tasks WHERE id = ?", id));
  }

  #asTask(row: TaskRow): StoredTask {
    const stored = row.status as TaskStatus;
    const inputRequests = isFinal(stored) ? {} : this.#inputs.pending(row.id);
    return {
      id: row.id,
      status: Object.keys(inputRequests).length > 0 ? "input_required" : stored,
      statusMessage: row.message,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      ttlMs: row.ttl_ms,
      pollIntervalMs: row.poll_ms,
      result: row.result,
      error: row.error,
      inputRequests,
    };
  }
}

function isFinal(status: TaskStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}
