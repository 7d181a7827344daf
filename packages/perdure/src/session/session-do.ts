import { serialized } from "../object/index.ts";
import type { JsonValue, Serialized } from "../object/index.ts";
import type { Message, NewTask, Task, TaskPatch } from "../protocol/index.ts";
import {
  asRequest,
  isObject,
  parseNewTask,
  parseTaskPatch,
  PerdureError,
} from "../protocol/index.ts";
import { SessionService } from "./session-service.ts";
import type { TaskFilter } from "./task-table.ts";

/**
 * A session: one Durable Object with its own SQLite. Usable as it is: export it and bind it. A subclass may add tables
 * (`static migrations`), RPC methods, and `on…` hooks of `BaseDO`.
 */
export class SessionDO<Env = unknown> extends SessionService<Env> {
  /** All metadata. Empty where there is none. */
  async getSessionMeta(): Promise<Record<string, JsonValue>> {
    return this.isBlank ? {} : { ...serialized(this.session.meta()) };
  }

  /**
   * Merges metadata shallowly; a null deletes its key. Answers the result. Values are kept as JSON, so a `Date` becomes its
   * text and `undefined` changes nothing. Throws `too_large` past 64 KiB.
   */
  async setSessionMeta(patch: Record<string, unknown>): Promise<Record<string, JsonValue>> {
    const json = asJson(patch);
    if (!isObject(json))
      throw new PerdureError("bad_request", "Metadata is an object of keys and values.");
    return { ...serialized(await this.session.setMeta(json, "rpc")) };
  }

  /** The newest `limit` (1 to 200, default 50) finished messages, oldest first. */
  async getRecentMessages(limit = 50): Promise<readonly Serialized<Message>[]> {
    if (this.isBlank) return [];
    return this.session.recentMessages(limit).map(({ message }) => serialized(message));
  }

  /**
   * Creates a task. One of the same id that is there already stays as it is and is answered, so that creating may be
   * repeated. Throws `bad_request`, `too_large` past 16 KiB of JSON, and `session_terminated`.
   */
  async createTask(task: NewTask): Promise<Serialized<Task>> {
    const parsed = asRequest(() => parseNewTask(asJson(task)));
    return serialized(await this.session.tasks.create(parsed, "rpc"));
  }

  /**
   * Changes a task; null takes a field away. What changes nothing has no effect. Throws `task_not_found`, `task_ended` for
   * one that is done or cancelled, and what `createTask` throws.
   */
  async updateTask(id: string, patch: TaskPatch): Promise<Serialized<Task>> {
    const parsed = asRequest(() => parseTaskPatch(asJson(patch)));
    return serialized(await this.session.tasks.update(id, parsed, "rpc"));
  }

  /** The agent's plan, and the newest tasks of the application (at most 200, default 50), oldest first. */
  async listTasks(filter: TaskFilter = {}): Promise<readonly Serialized<Task>[]> {
    return this.isBlank ? [] : this.session.tasks.list(filter).map(serialized);
  }

  /** The task of the application of this id, or else the step of the plan; null where there is neither. */
  async getTask(id: string): Promise<Serialized<Task> | null> {
    const task = this.isBlank ? undefined : this.session.tasks.find(id);
    return task === undefined ? null : serialized(task);
  }
}

/** What JSON makes of a value: a `Date` becomes its text, and what is undefined is gone. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
