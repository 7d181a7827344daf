import { DurableObject } from "cloudflare:workers";
import {
  CLIENT_FRAME_BURST,
  CLIENT_FRAMES_PER_SECOND,
  CLOSE,
  MAX_SOCKETS_PER_SESSION,
  PerdureError,
  PING,
  PONG,
  RUNNER_FRAME_BURST,
  RUNNER_FRAMES_PER_SECOND,
  problemOf,
} from "../protocol/index.ts";
import { systemClock } from "./clock.ts";
import { closeCodeOf } from "./close-code.ts";
import { COMMAND_MIGRATIONS } from "./commands.ts";
import type { DisconnectRequest } from "./disconnect.ts";
import { isMeant } from "./disconnect.ts";
import type { DurableLink } from "./durable-link.ts";
import { DurableSockets } from "./durable-sockets.ts";
import { DurableSql } from "./durable-sql.ts";
import { closeExpired, EXPIRE_TIMER, nextExpiry } from "./expiry.ts";
import type { Connection, ConnectionKind } from "./identity.ts";
import { connectionOf } from "./identity.ts";
import type { Link } from "./link.ts";
import type { Migration, Schema } from "./migrations.ts";
import { isMigrated, migrate } from "./migrations.ts";
import { missingSqlite } from "./missing-sqlite.ts";
import { problemResponse } from "./problem-response.ts";
import type { FrameLimits } from "./rate-limit.ts";
import { LARGE_STORAGE_BYTES, largeStorageText, SizeWarning } from "./size-warning.ts";
import type { Sql } from "./sql.ts";
import { LATEST_MS, TIMER_MIGRATIONS, Timers } from "./timers.ts";
import { isUpgrade, socketResponse } from "./upgrade.ts";

/** The code of a close without a close frame (RFC 6455 §7.4.1). */
const ABNORMAL_CLOSURE = 1006;

/** How long a broken object puts off its alarm: the fix is a deploy, so not seconds; the work waits, so not hours. */
const BROKEN_RETRY_MS = 5 * 60 * 1000;

/**
 * What every object here shares. It owns the platform's entry points, so a subclass overrides the `on…` hooks and never
 * has to call `super`:
 *
 * - The constructor migrates storage before anything else runs. Storage that was never written is migrated at the first
 *   use of `this.sql`, so that a request for an object that does not exist writes nothing.
 * - Where a migration fails the object is *broken*: every path answers `broken`, and its alarm is put off, not lost.
 * - Sockets hibernate; what they are survives in their attachment. A close and an error both end in `onDisconnect`.
 * - Timers are many and named; a handler that throws is tried again with backoff.
 */
export abstract class BaseDO<Env = unknown> extends DurableObject<Env> {
  /** The migrations of the user's own tables, in order. */
  static readonly migrations: readonly Migration[] = [];

  /** Bytes of storage past which an object warns in its log, once after each wake; 1 GiB by default. */
  static readonly largeStorageBytes: number = LARGE_STORAGE_BYTES;

  /** Tables of the rooms that a library class is made of. */
  protected static readonly schemas: readonly Schema[] = [];

  /** A new value whenever memory is new: what an earlier one showed and did not store is gone. */
  protected readonly incarnation = crypto.randomUUID();

  readonly #sql: Sql;
  #timers: Timers;
  readonly #sockets: DurableSockets;
  readonly #sizeWarning = new SizeWarning();
  #isMigrated: boolean;
  #broken: PerdureError | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new DurableSql(ctx.storage);
    this.#timers = this.#newTimers();
    this.#broken = missingSqlite(ctx.storage, this.constructor.name);
    this.#isMigrated = this.#broken !== undefined || isMigrated(this.#sql);
    if (this.#isMigrated && this.#broken === undefined) this.#migrate();
    this.#sockets = new DurableSockets(ctx, (kind) => this.limitsOf(kind));
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.checkSize();
  }

  // -------------------------------------------------------------------------------------------- for subclasses

  /** The object's database, migrated. Throws `broken` where that failed. */
  protected get sql(): Sql {
    if (!this.#isMigrated) {
      this.#migrate();
      this.#isMigrated = true;
      if (this.#broken === undefined) this.#expireInTime();
    }
    if (this.#broken !== undefined) throw this.#broken;
    return this.#sql;
  }

  /** Whether nothing was ever written here. */
  protected get isBlank(): boolean {
    return !this.#isMigrated;
  }

  /**
   * Named timers, for time-outs, retries and maintenance: `onTimer` hears of each that is due. Set one in the transaction of what
   * it is for. Names that begin with `perdure:` are the library's.
   */
  protected get timers(): Timers {
    void this.sql;
    return this.#timers;
  }

  /** All open sockets, in the order in which they were accepted. */
  protected get links(): readonly Link[] {
    return this.#sockets.open;
  }

  /** Most open sockets; an upgrade past it gets `too_many_connections`. */
  protected get maxConnections(): number {
    return MAX_SOCKETS_PER_SESSION;
  }

  /** Answers a request that is no WebSocket upgrade. */
  protected onRequest(_request: Request): Response | Promise<Response> {
    return problemResponse(new PerdureError("not_found", "This object answers nothing here."));
  }

  /** Decides about a new socket before it is accepted: throw a `PerdureError` to refuse it. */
  protected onUpgrade(_request: Request): void {}

  /** A socket was accepted. What it throws is answered with a close. */
  protected onConnect(_link: Link): void | Promise<void> {}

  /** A socket sent a text within the limits of size and rate. What it throws is answered with a close. */
  protected onMessage(_link: Link, _text: string): void | Promise<void> {}

  /** A socket is gone, by a close or by an error. */
  protected onDisconnect(_link: Link): void | Promise<void> {}

  /**
   * A timer is due. Runs at least once, so what it does must be safe to do twice. Throw to have it tried again: after 2 s, then
   * after twice as long each time up to an hour, 14 times in all. Set it anew here to have something repeat.
   */
  protected onTimer(_name: string, _payload: unknown): void | Promise<void> {}

  /** The number of open sockets has changed. */
  protected onConnectionsChanged(_count: number): void {}

  // -------------------------------------------------------------------------------------------- for library classes

  // What a class of this library does itself, before it calls the user's hook. Users override the hooks above, so that
  // forgetting `super` breaks nothing.

  /**
   * Whether a migration failed, or there is no SQLite: every path answers `broken`.
   *
   * @internal
   */
  protected get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /**
   * The tables that this object has, of those of its class. The constructor asks: no field of a subclass is there yet. Default: all.
   *
   * @internal
   */
  protected get ownSchemas(): readonly Schema[] {
    return (this.constructor as typeof BaseDO).schemas;
  }

  /**
   * Who is on the other side of an upgrade. Throw a `PerdureError` to refuse it, or answer something else instead. Default: as the
   * Worker says in its `upgradeRequest`.
   *
   * @internal
   */
  protected identify(request: Request): Connection | Response | Promise<Connection | Response> {
    return connectionOf(request);
  }

  /**
   * How many frames a socket of this kind may send.
   *
   * @internal
   */
  protected limitsOf(kind: ConnectionKind): FrameLimits {
    return kind === "runner" || kind === "mcp"
      ? { burst: RUNNER_FRAME_BURST, framesPerSecond: RUNNER_FRAMES_PER_SECOND }
      : { burst: CLIENT_FRAME_BURST, framesPerSecond: CLIENT_FRAMES_PER_SECOND };
  }

  /** @internal */
  protected serveRequest(request: Request): Response | Promise<Response> {
    return this.onRequest(request);
  }

  /** @internal */
  protected serveConnect(link: Link): void | Promise<void> {
    return this.onConnect(link);
  }

  /** @internal */
  protected serveMessage(link: Link, text: string): void | Promise<void> {
    return this.onMessage(link, text);
  }

  /**
   * A socket sent bytes within the limits of size and rate; most rooms take none.
   *
   * @internal
   */
  protected serveBinary(_link: Link, _bytes: ArrayBuffer): void | Promise<void> {
    throw new PerdureError("bad_frame", "Frames are text, not binary.");
  }

  /** @internal */
  protected serveDisconnect(link: Link, _code: number): void | Promise<void> {
    return this.onDisconnect(link);
  }

  /** @internal */
  protected serveTimer(name: string, payload: unknown): void | Promise<void> {
    return this.onTimer(name, payload);
  }

  /**
   * The alarm has rung, and timers that were due have fired: what `Timers.wakeBy` is for.
   *
   * @internal
   */
  protected serveAlarm(): void | Promise<void> {}

  /**
   * Warns once in the log where much is stored here. Called at each wake and for each new socket.
   *
   * @internal
   */
  protected checkSize(): void {
    if (this.#broken !== undefined) return;
    const { databaseSize } = this.ctx.storage.sql;
    const { largeStorageBytes } = this.constructor as typeof BaseDO;
    this.#sizeWarning.check(databaseSize, largeStorageBytes, () =>
      this.largeStorageText(databaseSize, largeStorageBytes),
    );
  }

  /**
   * What to say where much is stored here. The constructor may ask: no field of a subclass is there yet.
   *
   * @internal
   */
  protected largeStorageText(bytes: number, _limit: number): string {
    const { id } = this.ctx;
    return largeStorageText(bytes, id.name ?? id.toString());
  }

  /**
   * Forgets everything that was ever stored here, with the timers and their alarm, and closes every socket with `notFound`.
   * Afterwards the object is blank. Nothing else happens to it meanwhile; what a class holds in memory it must forget itself.
   *
   * @internal
   */
  protected async eraseStorage(reason: string): Promise<void> {
    await this.ctx.blockConcurrencyWhile(async () => {
      for (const link of this.links) link.close(CLOSE.notFound, reason);
      this.#timers.end();
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
      this.#timers = this.#newTimers();
      this.#isMigrated = false;
    });
  }

  /** Closes every socket with `goingAway`, so that clients come back elsewhere or later. */
  drain(): void {
    for (const link of this.links)
      link.close(CLOSE.goingAway, "The server is going away; reconnect.");
  }

  /**
   * Closes sockets with `unauthorized` whose holders are not let in any more: an auth session calls it when it ends. Only a binding
   * reaches it, and no request.
   *
   * @returns How many.
   */
  disconnect(who: DisconnectRequest): number {
    const meant = this.links.filter((link) => isMeant(link, who));
    for (const link of meant)
      link.close(CLOSE.unauthorized, "The login of this connection is over; log in again.");
    return meant.length;
  }

  // -------------------------------------------------------------------------------------------- the platform's

  /** The platform's entry point for requests; override `onRequest`. */
  override async fetch(request: Request): Promise<Response> {
    try {
      if (this.#broken !== undefined) throw this.#broken;
      if (!isUpgrade(request)) return await this.serveRequest(request);
      const identified = this.identify(request);
      const connection = identified instanceof Promise ? await identified : identified;
      return connection instanceof Response ? connection : this.#accept(request, connection);
    } catch (error) {
      return problemResponse(error);
    }
  }

  /** The platform's entry point for frames; override `onMessage`. */
  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const link = this.#sockets.find(socket);
    if (link === undefined) return socket.close(CLOSE.broken, "This socket is unknown; reconnect.");
    // The platform hands over what was on its way when this side closed; its sender hears of the close instead. What the
    // other side sent before a close of its own is taken: where a hook waits, the close may be known first.
    if (link.hasClosed) return;
    await this.#serve(link, () => {
      this.#sockets.admit(link, message);
      return typeof message === "string"
        ? this.serveMessage(link, message)
        : this.serveBinary(link, message);
    });
  }

  /** The platform's entry point for closes; override `onDisconnect`. */
  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    // The platform does not echo a close frame by itself; 1005 and 1006 may not be sent (RFC 6455 §7.4.1).
    const echo = code === 1005 || code === 1006 ? 1000 : code;
    try {
      socket.close(echo, reason);
    } catch {
      // Closed from both sides at once.
    }
    await this.#disconnected(socket, code);
  }

  /** The platform calls this instead of `webSocketClose`; override `onDisconnect`. */
  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#disconnected(socket, ABNORMAL_CLOSURE);
  }

  /** The platform's entry point for its one alarm; override `onTimer`. */
  override async alarm(): Promise<void> {
    if (this.#broken !== undefined) {
      await this.ctx.storage.setAlarm(Date.now() + BROKEN_RETRY_MS);
      return;
    }
    // Storage without tables has no timers: the alarm is for sockets, or from before they were kept here.
    if (!this.#isMigrated) return this.#closeExpired();
    await this.#timers.ring(
      ({ name, payload }) =>
        name === EXPIRE_TIMER ? this.#closeExpired() : this.serveTimer(name, payload),
      () => this.serveAlarm(),
    );
  }

  // -------------------------------------------------------------------------------------------- inside

  /** What memory believes of an alarm that could not be written is wrong: the next life begins from storage. */
  #keepAlarm(written: Promise<void>): void {
    written.catch((error: unknown) => this.ctx.abort(`The alarm was not set: ${String(error)}`));
  }

  #newTimers(): Timers {
    const { storage } = this.ctx;
    return new Timers(this.#sql, systemClock, {
      set: (at) => this.#keepAlarm(storage.setAlarm(at)),
      clear: () => this.#keepAlarm(storage.deleteAlarm()),
    });
  }

  /** Sees to it that sockets are closed when their tokens expire. An object in which nothing is stored stays so. */
  #expireInTime(isDone = false): void {
    const next = nextExpiry(this.links);
    if (next === undefined) return;
    if (!this.#isMigrated)
      return this.#keepAlarm(this.ctx.storage.setAlarm(Math.min(next, LATEST_MS)));
    const due = isDone ? undefined : this.#timers.dueAt(EXPIRE_TIMER);
    if (due === undefined || due > next) this.#timers.set(EXPIRE_TIMER, next);
  }

  #closeExpired(): void {
    for (const link of this.links) closeExpired(link, systemClock);
    this.#expireInTime(true);
  }

  #migrate(): void {
    const own = this.constructor as typeof BaseDO;
    try {
      migrate(this.#sql, [
        { owner: "timers", migrations: TIMER_MIGRATIONS },
        { owner: "commands", migrations: COMMAND_MIGRATIONS },
        ...this.ownSchemas,
        { owner: "app", migrations: own.migrations },
      ]);
    } catch (error) {
      this.#broken =
        error instanceof PerdureError
          ? error
          : new PerdureError(
              "broken",
              `A migration failed and was undone: ${String(error)}. Deploy a corrected one.`,
            );
    }
  }

  #accept(request: Request, connection: Connection): Response {
    if (this.#sockets.count >= this.maxConnections)
      throw new PerdureError(
        "too_many_connections",
        `This object has its ${this.maxConnections} connections; try later.`,
      );
    this.onUpgrade(request);
    const { link, client } = this.#sockets.accept(connection);
    this.onConnectionsChanged(this.#sockets.count);
    this.checkSize();
    void this.#serve(link, async () => {
      await this.serveConnect(link);
      this.#expireInTime();
    });
    return socketResponse(request, client);
  }

  /** Runs a hook for a socket; what it throws is told to the other side, and closes the socket. */
  async #serve(link: DurableLink, hook: () => void | Promise<void>): Promise<void> {
    try {
      if (this.#broken !== undefined) throw this.#broken;
      await hook();
    } catch (error) {
      const problem = problemOf(error);
      link.send(JSON.stringify({ t: "error", i: this.incarnation, error: problem }));
      link.close(closeCodeOf(problem.code), problem.detail);
    }
  }

  async #disconnected(socket: WebSocket, code: number): Promise<void> {
    const link = this.#sockets.end(socket);
    if (link === undefined) return;
    this.onConnectionsChanged(this.#sockets.count);
    if (this.#broken === undefined) await this.serveDisconnect(link, code);
  }
}
