/** The tasks of a session, for those who call it: reading, and changes through the commit queue. */

import type { Clock, CommitQueue, Timers } from "../object/index.ts";
import type { NewTask, Task, TaskPatch } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { SessionLog } from "./session-log.ts";
import type { TaskFilter } from "./task-table.ts";
import { createTask, dueTask, TASK_TIMER, updateTask } from "./tasks.ts";

/** What tasks need of their session. */
export interface SessionTasksHost {
  readonly log: SessionLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly queue: CommitQueue;
  /** A task is due. Called at least once; what it throws has it called again later. */
  onTaskDue(task: Task): void | Promise<void>;
}

/** Reads and changes tasks. */
export class SessionTasks {
  readonly #host: SessionTasksHost;

  constructor(host: SessionTasksHost) {
    this.#host = host;
  }

  /** The plan and the newest tasks of the application; see `TaskFilter`. */
  list(filter?: TaskFilter): readonly Task[] {
    return this.#host.log.tasks.list(filter);
  }

  /** The task of the application of this id, or else the step of the plan. */
  find(id: string): Task | undefined {
    return this.#host.log.tasks.find(id);
  }

  /** Creates a task; see `createTask`. */
  create(task: NewTask, by: string): Promise<Task> {
    const id = task.id ?? crypto.randomUUID();
    return this.#change(() => createTask(this.#context(by), id, task).task);
  }

  /** Changes a task; see `updateTask`. */
  update(id: string, patch: TaskPatch, by: string): Promise<Task> {
    return this.#change(() => updateTask(this.#context(by), id, patch).task);
  }

  /** A timer has rung. Answers whether it was a task's. */
  async timer(name: string): Promise<boolean> {
    if (!name.startsWith(TASK_TIMER)) return false;
    const task = dueTask(this.#host.log, name, this.#host.clock.now());
    if (task !== undefined) await this.#host.onTaskDue(task);
    return true;
  }

  #change(work: () => Task): Promise<Task> {
    const { log, queue } = this.#host;
    return queue.submit(() => {
      if (log.isOver)
        throw new PerdureError(
          "session_terminated",
          "This session is terminated; it can only be read.",
        );
      const task = work();
      log.flush();
      return task;
    });
  }

  #context(by: string) {
    const { log, timers, clock } = this.#host;
    return { log, timers, by, at: clock.now() };
  }
}
