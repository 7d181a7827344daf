import type { Connection, ConnectionKind, FrameLimits, Link, Schema } from "../object/index.ts";
import { BaseDO, checkOrigin, connectionOf, isUpgradeRequest } from "../object/index.ts";
import type { Contract } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { CONNECTION_MIGRATIONS } from "./client-numbers.ts";
import type { ConnectionActor, ConnectionMeta } from "./context.ts";
import type { ConnectionHost } from "./core.ts";
import { ConnectionCore } from "./core.ts";
import type { ConnectionDefinition } from "./definition.ts";
import { checkPath, connectionFor, isMeta, upgradeRequired } from "./identify.ts";
import type { ConnectionRpc, RoomDelivery, WireFrame } from "./rpc.ts";
import { DurableStateStore, PersistedState } from "./state/index.ts";

/**
 * The object of one user, named by the user's id: `createConnectionHandler` makes its class. All sockets of the user are its, and
 * share its state. A subclass may add RPC methods, timers and requests, which see `this.state` and `this.actor`.
 */
export class ConnectionDO<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
>
  extends BaseDO<Env>
  implements ConnectionRpc
{
  protected static override readonly schemas: readonly Schema[] = [
    { owner: "connection", migrations: CONNECTION_MIGRATIONS },
  ];

  readonly #definition: ConnectionDefinition<Meta, Env, State, C>;
  /** Missing where the object is broken. */
  readonly #core: ConnectionCore<Meta, Env, State, C> | undefined;

  constructor(
    ctx: DurableObjectState,
    env: Env,
    definition: ConnectionDefinition<Meta, Env, State, C>,
  ) {
    super(ctx, env);
    this.#definition = definition;
    if (!this.isBroken)
      this.#core = new ConnectionCore(definition, this.#host(), stateOf(definition, ctx.storage));
  }

  // -------------------------------------------------------------------------------------------- for subclasses

  /**
   * The state of the user, loaded. What is written outside of handlers is stored at the end of the turn; while a handler runs, with
   * what that writes.
   */
  protected get state(): State {
    return this.#live.state;
  }

  /** The object's storage, sockets and rooms, and what it emits; its own `emit` reaches all sockets of the user. */
  protected get actor(): ConnectionActor<Meta, Env, State, C> {
    return this.#live.actor;
  }

  // -------------------------------------------------------------------------------------------- other objects

  async deliver(
    room: string,
    frames: readonly RoomDelivery[],
  ): Promise<number | readonly number[] | null> {
    return this.#live.deliver(room, frames);
  }

  async isIn(room: string): Promise<boolean> {
    return this.#live.memberships.isIn(room);
  }

  async forget(room: string): Promise<void> {
    this.#live.memberships.forget(room);
  }

  async send(frame: WireFrame): Promise<number> {
    return this.#live.sockets.broadcast(frame);
  }

  // -------------------------------------------------------------------------------------------- what the base asks for

  protected override limitsOf(kind: ConnectionKind): FrameLimits {
    return this.#definition.options.limits ?? super.limitsOf(kind);
  }

  protected override async identify(request: Request): Promise<Connection | Response> {
    const connection = isUpgradeRequest(request)
      ? connectionOf(request)
      : await this.#identifyRaw(request);
    if (connection instanceof Response) return connection;
    const { kind, subject, meta } = connection;
    const { name } = this.ctx.id;
    if (kind !== "connection" || !isMeta(meta))
      throw new PerdureError(
        "forbidden",
        "This object takes connections of `connectionRoutes` only.",
      );
    if (name === undefined || meta.userId !== name || subject !== name)
      throw new PerdureError(
        "forbidden",
        "This object is another user's: use `getByName(meta.userId)`.",
      );
    return connection;
  }

  protected override serveRequest(request: Request): Response | Promise<Response> {
    if (new URL(request.url).pathname === this.#definition.websocketPath) throw upgradeRequired();
    return this.onRequest(request);
  }

  protected override async serveConnect(link: Link): Promise<void> {
    await this.#live.connect(link);
    await this.onConnect(link);
  }

  protected override async serveMessage(link: Link, text: string): Promise<void> {
    await this.#live.message(link, text);
    await this.onMessage(link, text);
  }

  protected override serveBinary(link: Link, bytes: ArrayBuffer): Promise<void> {
    return this.#live.message(link, bytes);
  }

  protected override async serveDisconnect(link: Link, _code: number): Promise<void> {
    await this.#live.disconnect(link);
    await this.onDisconnect(link);
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (!(await this.#live.memberships.onTimer(name, payload))) await this.onTimer(name, payload);
  }

  // -------------------------------------------------------------------------------------------- inside

  /** A request as the client sent it, which a Worker has passed on. */
  #identifyRaw(request: Request) {
    checkPath(request, this.#definition.websocketPath);
    checkOrigin(request, undefined, false);
    return connectionFor(this.#definition.options, request, this.env, null);
  }

  get #live(): ConnectionCore<Meta, Env, State, C> {
    // Throws why it is broken.
    if (this.#core === undefined) void this.sql;
    if (this.#core === undefined) throw new PerdureError("broken", "The object cannot serve.");
    return this.#core;
  }

  #host(): ConnectionHost<Env> {
    // Each is read when it is needed: the database of an object that is blank is made by that.
    const links = () => this.links;
    const isBlank = () => this.isBlank;
    const sql = () => this.sql;
    const timers = () => this.timers;
    return {
      id: this.ctx.id,
      env: this.env,
      storage: this.ctx.storage,
      incarnation: this.incarnation,
      get links() {
        return links();
      },
      get isBlank() {
        return isBlank();
      },
      get sql() {
        return sql();
      },
      get timers() {
        return timers();
      },
    };
  }
}

/** The class of the objects of a definition's users, to export or to extend. */
export interface ConnectionClass<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
> {
  new (ctx: DurableObjectState, env: Env): ConnectionDO<Meta, Env, State, C>;
}

/**
 * Makes the Durable Object class of a definition: export it from the Worker's main module, under the name of its binding.
 *
 * ```ts
 * export const UserConnection = createConnectionHandler(connection);
 * export class Counter extends createConnectionHandler(connection) {
 *   async count() { return this.state.count; }
 * }
 * ```
 */
export function createConnectionHandler<
  Meta extends ConnectionMeta,
  Env,
  State extends object,
  C extends Contract | undefined,
>(definition: ConnectionDefinition<Meta, Env, State, C>): ConnectionClass<Meta, Env, State, C> {
  class Handler extends ConnectionDO<Meta, Env, State, C> {
    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env, definition);
    }
  }
  // Errors name the class as the app does.
  Object.defineProperty(Handler, "name", { value: definition.name });
  return Handler;
}

function stateOf<
  Meta extends ConnectionMeta,
  Env,
  State extends object,
  C extends Contract | undefined,
>(
  { options }: ConnectionDefinition<Meta, Env, State, C>,
  storage: DurableObjectStorage,
): PersistedState<State> {
  const { state, persistedKeys, persistOptions = {}, onPersistError } = options;
  return new PersistedState<State>({
    // Without a state the type has no keys that must be there.
    initial: state ?? ({} as State),
    persistedKeys,
    shallow: persistOptions.shallow,
    throwOnError: persistOptions.throwOnError,
    onPersistError,
    store: new DurableStateStore(storage, persistOptions),
  });
}
