/** A session on the platform: what arrives at the object goes to the session that it loads, and then to the user's hooks. */

import { BaseDO, systemClock } from "../object/index.ts";
import type { Link } from "../object/index.ts";
import type { Task } from "../protocol/index.ts";
import { CLOSE, PerdureError } from "../protocol/index.ts";
import type { GatewayPolicy } from "./gateway-policy.ts";
import { gatewayPolicyOf } from "./gateway-policy.ts";
import { ERASE_TIMER } from "./lifecycle.ts";
import type { Lifetime } from "./lifetime.ts";
import type { TurnHost } from "./local-turns.ts";
import type { Retention } from "./retention.ts";
import type { SessionIndexRpc } from "./rpc.ts";
import type { MetaSchema } from "./metadata.ts";
import { SESSION_SCHEMAS } from "./schema.ts";
import { COPY_TIMER, copyIn, dropCopy } from "./session-copy.ts";
import { Session } from "./session.ts";
import type { TurnContext, TurnOutput, TurnRetry } from "./turn-context.ts";

/** What `SessionDO` stands on. */
export abstract class SessionObject<Env = unknown> extends BaseDO<Env> {
  protected static override readonly schemas = SESSION_SCHEMAS;

  /**
   * Whether `searchMessages` works: an index of the text of messages, for one more row per message. Switched on later, it is
   * built for earlier messages in small steps; switched off, it is dropped. Default: false.
   */
  static readonly searchable: boolean = false;

  #session: Session | undefined;
  #erasing: Promise<void> | undefined;

  /**
   * How often a turn is begun, and how long after a failure. Default: once. Only turns that `onTurn` runs are tried again,
   * and never silently: the log says `turn.retried`.
   */
  protected readonly retry: TurnRetry = { attempts: 1 };

  /**
   * Runs a turn: override it, and the session answers its prompts itself instead of waiting for a runner. The turn ends when
   * what this returns has ended: `completed`, `failed` where it throws or its stream carries an `error`, or `cancelled`.
   *
   * Called after the log says durably that the turn was begun; one turn at a time, in order. Its memory may be lost at any
   * time: the turn is then `interrupted`, or, with `retry`, run again from its beginning.
   */
  protected onTurn?(turn: TurnContext): TurnOutput | Promise<TurnOutput>;

  /**
   * What readers are told of a turn that threw. Everybody who may read the session sees it, so by default an error that this
   * library did not make says nothing but that it happened, and is written to the console.
   */
  protected onTurnError(_error: unknown, _turn: TurnContext): string | undefined {
    return undefined;
  }

  protected override serveRequest(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && (pathname === "/" || pathname === "/health"))
      return Response.json({ status: "ok" });
    return this.onRequest(request);
  }

  protected override serveConnect(link: Link): void | Promise<void> {
    if (this.isBlank || this.isCopying)
      return link.close(CLOSE.notFound, "There is no such session.");
    this.session.connected(link);
    return this.onConnect(link);
  }

  /** Frames are the session's own; `onMessage` hears of each after it was handled. */
  protected override async serveMessage(link: Link, text: string): Promise<void> {
    if (this.isBlank || this.isCopying) return;
    await this.session.receive(link, text);
    await this.onMessage(link, text);
  }

  protected override async serveDisconnect(link: Link, code: number): Promise<void> {
    if (this.isBlank || this.isCopying) return;
    this.session.disconnected(link, code);
    await this.onDisconnect(link);
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (name === ERASE_TIMER) return this.eraseSession();
    if (name === COPY_TIMER) return this.isCopying ? dropCopy(this.sql) : undefined;
    if (!(await this.session.timer(name))) await this.onTimer(name, payload);
  }

  /** What the session's metadata must be: see `SessionDO`. */
  protected readonly metaSchema: MetaSchema | undefined;

  /**
   * The session has moved on: it was created or resumed (`active`), paused, terminated, or erased, upon which a class forgets what
   * it holds in memory. Runs after the log says so, at most once for each time; what it throws goes to the console.
   */
  protected onLifecycle(
    _state: "active" | "paused" | "terminated" | "erased",
  ): void | Promise<void> {}

  /** A task of the application that has not ended is due. Runs at least once; throw to have it tried again later. */
  protected onTaskDue(_task: Task): void | Promise<void> {}

  protected override async serveAlarm(): Promise<void> {
    if (!this.isCopying) await this.session.alarm();
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

  /**
   * Where runners are to be had when none is there: the gateways that sessions may call, and the secret that signs the calls.
   * Asked once for each time that the object is in memory. Default: `PERDURE_GATEWAY_URL`, `PERDURE_ALLOWED_GATEWAYS`,
   * `PERDURE_GATEWAY_SECRET` and `PERDURE_URL` of `env`; without them no gateway is called.
   */
  protected gateways(): GatewayPolicy {
    return gatewayPolicyOf(this.env);
  }

  /** How long sessions of this class go on by themselves; for ever by default. Whoever creates one may say it otherwise. */
  protected readonly lifetime: Lifetime = {};

  /** Whether people who read a session are shown to each other, by the subjects of their tokens. Default: true. */
  protected readonly showsPeople: boolean = true;

  /**
   * What sessions of this class keep, by number or by age; what is open is always kept. It is looked for what has passed once
   * an hour. Default: everything, for ever.
   */
  protected readonly retention: Retention = {};

  /** Whether a session is being copied into this object and is not whole yet: until then nobody sees it. */
  protected get isCopying(): boolean {
    return this.#session === undefined && copyIn(this.sql)?.isWhole === false;
  }

  /** Has the session loaded anew: its storage has changed beside it. */
  protected forgetSession(): void {
    this.#session = undefined;
  }

  /** The session, loaded on first use: every path comes through here. Throws `unavailable` while one is copied here. */
  protected get session(): Session {
    if (this.#session !== undefined) return this.#session;
    if (this.isCopying)
      throw new PerdureError(
        "unavailable",
        "A session is being copied here and is not whole yet; try again, or begin the copy again.",
      );
    const session = new Session({
      sql: this.sql,
      clock: systemClock,
      timers: this.timers,
      incarnation: this.incarnation,
      gateways: this.gateways(),
      links: () => this.links,
      sync: () => this.ctx.storage.sync(),
      abort: (error) => this.ctx.abort(String(error)),
      lifetime: () => this.lifetime,
      retention: () => this.retention,
      isSearchable: (this.constructor as typeof SessionObject).searchable,
      metaSchema: () => this.metaSchema,
      showsPeople: () => this.showsPeople,
      onLifecycle: (state) => void this.#tellLifecycle(state),
      onTaskDue: (task) => this.onTaskDue(task),
      tellList: async (owner, listing, version) => this.indexOf(owner)?.upsert(listing, version),
      turns: this.#turnHost(),
    });
    this.#session = session;
    session.restore();
    return session;
  }

  #turnHost(): TurnHost | undefined {
    if (this.onTurn === undefined) return undefined;
    return {
      run: (turn) => this.onTurn?.(turn),
      onError: (error, turn) => this.onTurnError(error, turn),
      retry: this.retry,
    };
  }

  /** Erases a session whose end was prepared: first its line in the owner's list, then all that is stored here. */
  protected async eraseSession(): Promise<void> {
    this.#erasing ??= this.#erase().finally(() => {
      this.#erasing = undefined;
    });
    await this.#erasing;
  }

  async #erase(): Promise<void> {
    const { session } = this;
    const { id, createdBy, createdAt } = session.info();
    await this.indexOf(createdBy)?.remove({ id, createdAt });
    session.end();
    await this.eraseStorage("This session was erased.");
    this.#session = undefined;
    await this.#tellLifecycle("erased");
  }

  async #tellLifecycle(state: "active" | "paused" | "terminated" | "erased"): Promise<void> {
    try {
      await this.onLifecycle(state);
    } catch (error) {
      console.error("perdure: onLifecycle failed", error);
    }
  }
}
