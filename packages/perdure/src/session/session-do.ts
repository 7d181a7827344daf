import { serialized } from "../object/index.ts";
import type { JsonValue, Serialized } from "../object/index.ts";
import type { Message, NewTask, PlacedMessage, Task, TaskPatch } from "../protocol/index.ts";
import {
  asRequest,
  isObject,
  parseNewTask,
  parseTaskPatch,
  PerdureError,
} from "../protocol/index.ts";
import type { SearchOptions } from "./message-search.ts";
import type { MetaPatch, MetaSchema } from "./metadata.ts";
import { SessionService } from "./session-service.ts";
import type { TaskFilter } from "./task-table.ts";

/**
 * A session: one Durable Object with its own SQLite. Usable as it is: export it and bind it. A subclass may add tables
 * (`static migrations`), RPC methods, and `on…` hooks of `BaseDO`.
 */
export class SessionDO<
  Env = unknown,
  Meta extends object = Record<string, JsonValue>,
> extends SessionService<Env> {
  /**
   * What the metadata must be after each change, by RPC, over HTTP and by command: any Standard Schema (Zod, Valibot,
   * ArkType, …) whose validation is synchronous. Its output is what is kept. Default: anything.
   *
   * The key `title` is the session's own: the first prompt sets it, where the schema takes it.
   */
  declare protected readonly metaSchema: MetaSchema<Meta> | undefined;

  /** All metadata. Keys that were never set are missing, also where a schema requires them. */
  async getSessionMeta(): Promise<Partial<Meta>> {
    return (this.isBlank ? {} : { ...this.session.meta() }) as Partial<Meta>;
  }

  /**
   * Merges metadata shallowly; a null deletes its key. Answers the result. Values are kept as JSON, so a `Date` becomes its
   * text and `undefined` changes nothing. Throws `too_large` past 64 KiB, and `bad_request` with `extra.issues` where the
   * result does not fit `metaSchema`.
   */
  async setSessionMeta(patch: MetaPatch<Meta>): Promise<Partial<Meta>> {
    const json = asJson(patch);
    if (!isObject(json))
      throw new PerdureError("bad_request", "Metadata is an object of keys and values.");
    return { ...(await this.session.setMeta(json, "rpc")) } as Partial<Meta>;
  }

  /**
   * The newest `limit` (1 to 200, default 50) finished messages, oldest first; fewer where they have more than 4 Mi characters
   * of JSON. The `position` of the first is `before` of the page before it.
   */
  async getRecentMessages(
    limit = 50,
    before?: number,
  ): Promise<readonly Serialized<StoredMessage>[]> {
    if (this.isBlank) return [];
    return this.session.history.recent(limit, before).map(storedMessage);
  }

  /**
   * A finished message by its position, or by its id; null where there is none. A position reads one row, the id of
   * a prompt as long as its command is remembered two. The first other id after a loss of memory reads the places of the newest
   * 100,000 messages, and from then on one that is among them reads two rows, and one that is unknown none.
   */
  async getMessage(which: number | string): Promise<Serialized<StoredMessage> | null> {
    const message = this.isBlank ? undefined : this.session.history.find(which);
    return message === undefined ? null : storedMessage(message);
  }

  /**
   * Messages that have all words of a query in their text, newest first, at most `limit` (1 to 200, default 20). Case and
   * accents make no difference; `word*` finds words that begin so; nothing else in the query has a meaning. `next` is `before`
   * of the next page. Throws `bad_request` where the class is not `searchable`.
   */
  async searchMessages(
    query: string,
    options: SearchOptions = {},
  ): Promise<{
    readonly messages: readonly Serialized<StoredMessage>[];
    readonly next: number | null;
    /** False while the index is being built for messages from before it was switched on. */
    readonly isComplete: boolean;
  }> {
    if (this.isBlank) return { messages: [], next: null, isComplete: true };
    const { messages, ...page } = this.session.history.search(query, options);
    return { messages: messages.map(storedMessage), ...page };
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

/** A finished message, with the position at which it began: what orders messages, and the cursor of their pages. */
export interface StoredMessage extends Message {
  /** From 1; `before` of the page before this message. */
  readonly position: number;
  /** The turn to which it belongs. */
  readonly turn?: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

function storedMessage({ message, ...place }: PlacedMessage): Serialized<StoredMessage> {
  return serialized<StoredMessage>({ ...message, ...place });
}

/** What JSON makes of a value: a `Date` becomes its text, and what is undefined is gone. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
