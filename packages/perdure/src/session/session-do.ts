import { serialized } from "../object/index.ts";
import type { JsonValue, Serialized } from "../object/index.ts";
import type { Message, Task } from "../protocol/index.ts";
import { isObject, PerdureError } from "../protocol/index.ts";
import { SessionService } from "./session-service.ts";

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
    const json: unknown = JSON.parse(JSON.stringify(patch ?? null));
    if (!isObject(json))
      throw new PerdureError("bad_request", "Metadata is an object of keys and values.");
    return { ...serialized(await this.session.setMeta(json, "rpc")) };
  }

  /** The newest `limit` (1 to 200, default 50) finished messages, oldest first. */
  async getRecentMessages(limit = 50): Promise<readonly Serialized<Message>[]> {
    if (this.isBlank) return [];
    return this.session.recentMessages(limit).map(({ message }) => serialized(message));
  }

  /** Tasks, in order; all, or those of one status. */
  async getTasks(status?: Task["status"]): Promise<readonly Task[]> {
    return this.isBlank ? [] : this.session.tasks(status);
  }
}
