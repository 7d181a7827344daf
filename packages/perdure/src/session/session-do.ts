import { BaseDO, serialized, systemClock } from "../object/index.ts";
import type { Identity, JsonValue, Link, Serialized } from "../object/index.ts";
import type { Action, Command, Message, PlacedMessage, Reply, Task } from "../protocol/index.ts";
import { CLOSE, isObject, PerdureError, permits, problemOf } from "../protocol/index.ts";
import type {
  ApprovalRecord,
  EventPage,
  Result,
  SessionIndexRpc,
  SessionInfo,
  SessionListing,
  SessionRpc,
} from "./rpc.ts";
import { SESSION_SCHEMAS } from "./schema.ts";
import { LISTING_RETRY_MS, LISTING_TIMER, Session } from "./session.ts";

/**
 * A session: one Durable Object with its own SQLite. Usable as it is: export it and bind it. A subclass may add tables
 * (`static migrations`), RPC methods, and `on…` hooks of `BaseDO`.
 */
export class SessionDO<Env = unknown> extends BaseDO<Env> implements SessionRpc {
  protected static override readonly schemas = SESSION_SCHEMAS;

  #session: Session | undefined;
  /** The version of the line that lists were told of last. */
  #listed = 0;

  // -------------------------------------------------------------------------------------------- metadata and messages

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

  // -------------------------------------------------------------------------------------------- for the Worker

  async create(
    identity: Identity,
    options: { readonly id: string; readonly title?: string },
  ): Promise<Serialized<Result<SessionInfo & { readonly created: boolean }>>> {
    return attempt(async () => {
      authorize(identity, "create");
      const created = await this.session.create(identity, options);
      return { ...this.session.info(), created };
    });
  }

  async describe(identity: Identity): Promise<Serialized<Result<SessionInfo>>> {
    return attempt(() => this.#existing(identity, "describe").info());
  }

  async command(identity: Identity, id: string, command: Command): Promise<Serialized<Reply>> {
    try {
      return serialized(await this.#existing(identity, "describe").command(identity, id, command));
    } catch (error) {
      return serialized<Reply>({ ok: false, error: problemOf(error) });
    }
  }

  async messages(
    identity: Identity,
    options: { readonly before?: number; readonly limit?: number } = {},
  ): Promise<
    Serialized<
      Result<{ readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean }>
    >
  > {
    return attempt(() => this.#existing(identity, "read").messages(options.before, options.limit));
  }

  async approvals(
    identity: Identity,
    state?: ApprovalRecord["state"],
  ): Promise<Serialized<Result<readonly ApprovalRecord[]>>> {
    return attempt(() => this.#existing(identity, "read").approvals(state));
  }

  async events(identity: Identity, after: number): Promise<Serialized<Result<EventPage>>> {
    return attempt(() => this.#existing(identity, "read").events(after));
  }

  // -------------------------------------------------------------------------------------------- hooks

  protected override serveRequest(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && (pathname === "/" || pathname === "/health"))
      return Response.json({ status: "ok" });
    return this.onRequest(request);
  }

  protected override serveConnect(link: Link): void | Promise<void> {
    if (this.isBlank) return link.close(CLOSE.notFound, "There is no such session.");
    this.session.connected(link);
    return this.onConnect(link);
  }

  /** Frames are the session's own; `onMessage` hears of each after it was handled. */
  protected override async serveMessage(link: Link, text: string): Promise<void> {
    if (this.isBlank) return;
    await this.session.receive(link, text);
    await this.onMessage(link, text);
  }

  protected override async serveDisconnect(link: Link): Promise<void> {
    if (this.isBlank) return;
    this.session.disconnected(link);
    await this.onDisconnect(link);
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (!(await this.session.timer(name))) await this.onTimer(name, payload);
  }

  /**
   * The object that lists the sessions of one owner, or undefined for no list. Default: the binding `SESSION_INDEX`, named
   * by the owner.
   */
  protected indexOf(owner: string): SessionIndexRpc | undefined {
    const binding = (this.env as { readonly SESSION_INDEX?: unknown } | undefined)?.SESSION_INDEX;
    if (binding === undefined) return undefined;
    return (binding as { getByName(name: string): SessionIndexRpc }).getByName(owner);
  }

  /** The session, loaded on first use: every path comes through here. */
  protected get session(): Session {
    this.#session ??= new Session({
      sql: this.sql,
      clock: systemClock,
      timers: this.timers,
      incarnation: this.incarnation,
      links: () => this.links,
      sync: () => this.ctx.storage.sync(),
      abort: (error) => this.ctx.abort(String(error)),
      onListing: (listing, version) => this.#tellIndex(listing, version),
    });
    return this.#session;
  }

  #existing(identity: Identity, action: Action): Session {
    if (this.isBlank || !this.session.exists)
      throw new PerdureError("session_not_found", "There is no such session; create it first.");
    authorize(identity, action);
    return this.session;
  }

  /** At least once, and idempotent: what fails is told again by a timer, whatever else has arrived meanwhile. */
  async #tellIndex(listing: SessionListing, version: number): Promise<void> {
    this.#listed = version;
    try {
      await this.indexOf(this.session.state.createdBy)?.upsert(listing, version);
      const isNewest = version === this.#listed;
      if (isNewest && this.timers.dueAt(LISTING_TIMER) !== undefined)
        this.timers.cancel(LISTING_TIMER);
    } catch {
      this.#tellIndexLater();
    }
  }

  #tellIndexLater(): void {
    try {
      this.timers.set(LISTING_TIMER, Date.now() + LISTING_RETRY_MS);
    } catch {
      // Storage takes nothing at the moment: the list hears of the next change.
    }
  }
}

function authorize(identity: Identity, action: Action): void {
  if (!permits(identity.role, action))
    throw new PerdureError(
      "forbidden",
      `The role ${identity.role} may not ${action}; ask for another token.`,
    );
}

async function attempt<T>(work: () => T | Promise<T>): Promise<Serialized<Result<T>>> {
  try {
    return serialized<Result<T>>({ ok: true, value: await work() });
  } catch (error) {
    return serialized<Result<T>>({ ok: false, error: problemOf(error) });
  }
}
