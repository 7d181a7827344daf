/** What an app says about its connections. */

import type { FrameLimits } from "../object/index.ts";
import type { ClientEvents, Contract, TokenReference } from "../protocol/index.ts";
import type { Codec, IncomingEvent } from "./codec.ts";
import type { ConnectionActor, ConnectionContext, ConnectionMeta } from "./context.ts";
import type { StateOptions } from "./state/index.ts";

type Promisable<T> = T | Promise<T>;

/** Names of the events that a client may send: those of the contract. Without one there is none to check. */
export type ClientEventName<C> = C extends Contract ? keyof C["clientEvents"] & string : never;

/** The data of such an event, as its schema makes it. */
export type ClientEventData<C, Event> = C extends Contract
  ? Event extends keyof ClientEvents<C>
    ? ClientEvents<C>[Event]["received"]
    : never
  : never;

/** Who connects, as `authenticate` found. */
export interface ConnectionIdentity {
  /** 1 to 256 UTF-16 units. */
  readonly subject: string;
  /** Milliseconds since 1970 after which the socket is closed; null or missing: never. */
  readonly expiresAt?: number | null | undefined;
  /** The token or auth session that lets the caller in: its sockets are closed when that is revoked. */
  readonly token?: TokenReference | undefined;
}

/** What `extractMeta` may answer: the meta, a response of its own, or nothing for 401. */
export type ExtractedMeta<Meta> = Meta | Response | null | undefined;

/** What `defineConnection` takes beside the state. */
export interface ConnectionBehaviour<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
> {
  /** Name of the class, for errors. Default: `UserConnection`. */
  readonly name?: string | undefined;
  /** The path that sockets connect to. Default: `/ws`. */
  readonly websocketPath?: string | undefined;
  /** The binding of the class in `env`. Default: `name`. */
  readonly connectionBinding?: string | undefined;
  /** The binding of the class of rooms, by a room's exact name, else by what its name has before the first `:`. */
  readonly rooms?: Readonly<Record<string, string>> | undefined;
  /** How many events one socket may send. Default: 200 at once and 50 a second. */
  readonly limits?: FrameLimits | undefined;
  /** What both ends send each other: data is checked where it arrives, and handlers are typed by it. */
  readonly contract?: C | undefined;
  /** How frames are read and written. Default: the wire of `ConnectionClient`. */
  readonly codec?: Codec | undefined;
  /**
   * Says who connects, before the upgrade. Nothing gets 401; so does an error, but a `PerdureError` has its own status, and a
   * `Response`, returned or thrown, is the answer. The object is that of `meta.userId`. It must fit into JSON.
   *
   * Default: who `authenticate` found, else an anonymous id for this connection.
   */
  extractMeta?(
    request: Request,
    env: Env,
    identity: ConnectionIdentity | null,
  ): Promisable<ExtractedMeta<Meta>>;
  /** A socket is open. */
  onConnect?(ctx: ConnectionContext<Meta, Env, State, C>): Promisable<void>;
  /** A socket is gone; what is emitted to it reaches nobody. */
  onDisconnect?(ctx: ConnectionContext<Meta, Env, State, C>): Promisable<void>;
  /** An event came that has no handler of its own. */
  onMessage?(ctx: ConnectionContext<Meta, Env, State, C>, frame: IncomingEvent): Promisable<void>;
  /** A handler threw, or something that it had left undone failed later. Default: an error on the console. */
  onError?(error: unknown, ctx: ConnectionContext<Meta, Env, State, C> | null): Promisable<void>;
  /** Memory is new and sockets have outlived the old one: runs once, before any handler. */
  onHibernationRestore?(actor: ConnectionActor<Meta, Env, State, C>): Promisable<void>;
}

/** What `defineConnection` takes. All of it is optional. A key of the state that may be missing at first is optional in its type. */
export type ConnectionOptions<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
> = ConnectionBehaviour<Meta, Env, State, C> & StateOptions<State>;

/** Handles an event of a client. */
export type EventHandler<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
  T = unknown,
> = (ctx: ConnectionContext<Meta, Env, State, C>, data: T) => Promisable<void>;

/** How a handler runs. */
export interface HandlerOptions {
  /**
   * Whether it may run beside others: then nothing that it did is undone where it throws. An event is concurrent where all of its
   * handlers are. Default: false.
   */
  readonly concurrent?: boolean | undefined;
}

/** A handler with its options. */
export interface RegisteredHandler<Handler> {
  readonly handler: Handler;
  readonly isConcurrent: boolean;
}

/** A kind of connection: its options, and the handlers of its events. `createConnectionHandler` makes the object's class of it. */
export class ConnectionDefinition<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
> {
  readonly options: ConnectionOptions<Meta, Env, State, C>;
  /** Name of the class. */
  readonly name: string;
  /** The path that sockets connect to. */
  readonly websocketPath: string;
  /** The binding of the class. */
  readonly connectionBinding: string;
  readonly #handlers = new Map<
    string,
    RegisteredHandler<EventHandler<Meta, Env, State, C, never>>[]
  >();

  constructor(options: ConnectionOptions<Meta, Env, State, C>) {
    this.options = options;
    this.name = options.name ?? "UserConnection";
    this.websocketPath = options.websocketPath ?? "/ws";
    this.connectionBinding = options.connectionBinding ?? this.name;
  }

  /** Adds a handler of an event of the contract; those of one event run in the order of `on`. */
  on<Event extends ClientEventName<C>>(
    event: Event,
    handler: EventHandler<Meta, Env, State, C, ClientEventData<C, Event>>,
    options?: HandlerOptions,
  ): this;
  /** Adds a handler of an event; those of one event run in the order of `on`. Without a contract its data is whatever came. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whoever says nothing about the data gets it as it came
  on<T = any>(
    event: C extends Contract ? never : string,
    handler: EventHandler<Meta, Env, State, C, T>,
    options?: HandlerOptions,
  ): this;
  on(
    event: string,
    handler: EventHandler<Meta, Env, State, C, never>,
    { concurrent = false }: HandlerOptions = {},
  ): this {
    const others = this.#handlers.get(event) ?? [];
    this.#handlers.set(event, [...others, { handler, isConcurrent: concurrent }]);
    return this;
  }

  /** Removes a handler of an event or, where none is given, all of them. */
  // oxlint-disable-next-line typescript/no-explicit-any -- any handler of the event
  off(event: string, handler?: EventHandler<Meta, Env, State, C, any>): this {
    const left = (this.#handlers.get(event) ?? []).filter(
      (one) => handler !== undefined && one.handler !== handler,
    );
    if (left.length === 0) this.#handlers.delete(event);
    else this.#handlers.set(event, left);
    return this;
  }

  /** The handlers of an event, in the order of `on`. */
  handlersOf(
    event: string,
  ): readonly RegisteredHandler<EventHandler<Meta, Env, State, C, never>>[] {
    return this.#handlers.get(event) ?? [];
  }
}

/**
 * Defines a kind of connection: one object for each user, with state of its own that is shared by the user's sockets.
 *
 * ```ts
 * const connection = defineConnection({ state: { count: 0 }, persistedKeys: ["count"] });
 * connection.on("add", (ctx) => { ctx.state.count += 1; });
 * export const UserConnection = createConnectionHandler(connection);
 * export default { fetch: connectionRoutes(connection) };
 * ```
 */
export function defineConnection<
  Meta extends ConnectionMeta = ConnectionMeta,
  Env = unknown,
  State extends object = object,
  C extends Contract | undefined = undefined,
>(options: ConnectionOptions<Meta, Env, State, C> = {}): ConnectionDefinition<Meta, Env, State, C> {
  return new ConnectionDefinition(options);
}
