/** One user's object: what comes over its sockets, and from other objects. */

import type { Link, Sql, Timers } from "../object/index.ts";
import { systemClock } from "../object/index.ts";
import type { ConnectionHello, ConnectionServerFrame, Contract } from "../protocol/index.ts";
import {
  checkEvent,
  CLOSE,
  MAX_WAITING_EVENTS,
  PerdureError,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import type { Numbered } from "./client-numbers.ts";
import { ClientNumbers } from "./client-numbers.ts";
import type { Codec, IncomingEvent } from "./codec.ts";
import { connectionCodec } from "./codec.ts";
import type { ConnectionActor, ConnectionMeta } from "./context.ts";
import type { ConnectionDefinition } from "./definition.ts";
import { checkEventName } from "./emit.ts";
import type { Work } from "./handlers.ts";
import { Handlers, Refusal } from "./handlers.ts";
import { keptWith } from "./kept.ts";
import { Memberships } from "./memberships.ts";
import { RoomCalls } from "./room-calls.ts";
import type { RoomDelivery } from "./rpc.ts";
import { Sockets } from "./sockets.ts";
import type { PersistedState } from "./state/index.ts";
import { UserCalls } from "./user-calls.ts";

/** The platform's object, as far as it is needed here. */
export interface ConnectionHost<Env> {
  readonly id: DurableObjectId;
  readonly env: Env;
  readonly storage: DurableObjectStorage;
  readonly incarnation: string;
  /** All open sockets, in the order in which they were accepted. */
  readonly links: readonly Link[];
  /** Whether nothing was ever written to tables. */
  readonly isBlank: boolean;
  /** The database, migrated: of an object that is blank this writes. */
  readonly sql: Sql;
  readonly timers: Timers;
}

/** What the object of one user does. */
export class ConnectionCore<
  Meta extends ConnectionMeta,
  Env,
  State extends object,
  C extends Contract | undefined,
> {
  /** The state. What is written outside of handlers is stored at the end of the turn. */
  readonly state: State;
  readonly #definition: ConnectionDefinition<Meta, Env, State, C>;
  readonly #host: ConnectionHost<Env>;
  readonly #codec: Codec;
  /** The sockets of the user. */
  readonly sockets: Sockets;
  readonly #numbers: ClientNumbers;
  /** The rooms of the user. */
  readonly memberships: Memberships;
  readonly #handlers: Handlers<Meta, Env, State, C>;
  /** The last number that arrived on each socket; on one that has said hello since, any may come. */
  readonly #arrived = new WeakMap<Link, number>();

  constructor(
    definition: ConnectionDefinition<Meta, Env, State, C>,
    host: ConnectionHost<Env>,
    state: PersistedState<State>,
  ) {
    const { options, connectionBinding } = definition;
    this.state = state.proxy;
    this.#definition = definition;
    this.#host = host;
    this.#codec = options.codec ?? connectionCodec;
    this.sockets = new Sockets(() => host.links, systemClock);
    this.#numbers = new ClientNumbers(host, systemClock);
    const userId = host.id.name ?? "";
    const rooms = new RoomCalls(host.env, options.rooms);
    this.memberships = new Memberships({
      userId,
      rooms,
      clock: systemClock,
      get links() {
        return host.links;
      },
      get timers() {
        return host.timers;
      },
      send: (link, frame) => this.sockets.send(link, frame),
    });
    this.#handlers = new Handlers({
      host,
      state,
      userId,
      rooms,
      sockets: this.sockets,
      codec: this.#codec,
      contract: options.contract,
      users: new UserCalls(host.env, connectionBinding),
      memberships: this.memberships,
      numbers: this.#numbers,
      onError: (error, ctx) => (options.onError ? options.onError(error, ctx) : log(error)),
      answer: ({ client, n }, error) => {
        // Wherever the client is now.
        for (const link of this.sockets.ofClient(client))
          this.#tell(link, { t: "ack", n, ...(error === undefined ? {} : { error }) });
      },
    });
    // Memory is new, and sockets have outlived the old one: before anything else runs.
    if (host.links.length > 0 && options.onHibernationRestore)
      void this.#handlers.run(null, ({ actor }) => options.onHibernationRestore?.(actor));
  }

  /** The object outside of handlers. */
  get actor(): ConnectionActor<Meta, Env, State, C> {
    return this.#handlers.outside.actor;
  }

  // -------------------------------------------------------------------------------------------- sockets

  /** A socket is open. */
  async connect(link: Link): Promise<void> {
    const { options } = this.#definition;
    await this.#handlers.run(link, ({ context }) => options.onConnect?.(context));
  }

  /** A frame has come. Throws what the socket is closed for. */
  async message(link: Link, message: string | ArrayBuffer): Promise<void> {
    const frame = this.#codec.decode(message);
    if (frame.t === "hello") return this.#hello(link, frame);
    this.sockets.spoke(link);
    checkEventName(frame.event, "bad_frame");
    const numbered = this.#numbered(link, "n" in frame ? frame.n : undefined);
    // It was closed for a gap.
    if (numbered === null) return undefined;
    return this.#event(link, frame, numbered);
  }

  /** A socket is gone. */
  async disconnect(link: Link): Promise<void> {
    const { options } = this.#definition;
    const hasRooms = this.memberships.roomsOf(link).length > 0;
    this.sockets.closed(link, !hasRooms);
    const left = this.memberships.closed(link);
    await this.#handlers.run(link, ({ context }) => options.onDisconnect?.(context));
    await left;
  }

  // -------------------------------------------------------------------------------------------- other objects

  /** See `ConnectionRpc.deliver`. */
  deliver(room: string, frames: readonly RoomDelivery[]): number | readonly number[] | null {
    return this.sockets.together(() => this.memberships.deliver(room, frames));
  }

  // -------------------------------------------------------------------------------------------- frames

  #hello(link: Link, hello: ConnectionHello): void {
    if (hello.v !== PROTOCOL_VERSION)
      throw new PerdureError(
        "unsupported_version",
        `This server speaks version ${PROTOCOL_VERSION}; reload.`,
      );
    const { client } = hello;
    this.sockets.begin(link, client);
    // What comes next is the first that it has no answer to, whatever is known of it here.
    this.#arrived.set(link, Infinity);
    const missed = this.sockets.resume(link, hello);
    this.#tell(link, {
      t: "welcome",
      v: PROTOCOL_VERSION,
      i: this.#host.incarnation,
      socket: link.attachment.id,
      recovered: missed !== null,
      missed: missed?.length ?? 0,
      last: this.#numbers.lastOf(client),
    });
    for (const event of missed ?? []) this.sockets.send(link, event);
  }

  /** The number of an event with its client; null where events before it were lost with an earlier memory, and the socket is closed. */
  #numbered(link: Link, n: number | undefined): Numbered | undefined | null {
    if (n === undefined) return undefined;
    const { client } = keptWith(link);
    if (client === undefined)
      throw new PerdureError("bad_frame", "A client says hello before it numbers its events.");
    const last = Math.max(this.#arrived.get(link) ?? 0, this.#numbers.lastOf(client));
    if (n > last + 1) {
      link.close(CLOSE.goingAway, "Events before this one were lost; reconnect.");
      return null;
    }
    this.#arrived.set(link, n);
    return { client, n };
  }

  async #event(link: Link, frame: IncomingEvent, numbered: Numbered | undefined): Promise<void> {
    const handlers = this.#definition.handlersOf(frame.event);
    const isConcurrent = handlers.length > 0 && handlers.every((one) => one.isConcurrent);
    if (!isConcurrent && this.#handlers.isFull)
      throw new PerdureError(
        "rate_limited",
        `${MAX_WAITING_EVENTS} events of this user wait; reconnect later.`,
      );
    const work: Work<Meta, Env, State, C> = async ({ context }) => {
      const { options } = this.#definition;
      const { contract } = options;
      const data = contract === undefined ? frame.data : checked(contract, frame);
      if (handlers.length === 0 && !options.onMessage) throw new Refusal(noHandler());
      // What the handler says of its data the contract has checked, or nobody has.
      for (const { handler } of handlers) await handler(context, data as never);
      if (handlers.length === 0) await options.onMessage?.(context, incoming(frame, data));
    };
    const refusal = isConcurrent
      ? await this.#handlers.runBeside(link, work, numbered)
      : await this.#handlers.run(link, work, numbered);
    if (refusal !== undefined && numbered === undefined)
      this.#tell(link, { t: "error", i: this.#host.incarnation, error: refusal });
  }

  #tell(link: Link, frame: ConnectionServerFrame): void {
    this.sockets.tell(link, this.#codec.encode(frame));
  }
}

const noHandler = (): PerdureError =>
  new PerdureError("not_found", "Nothing handles this event; add a handler with `on`.");

function checked(contract: Contract, { event, data }: IncomingEvent): unknown {
  try {
    return checkEvent(contract.clientEvents, event, data);
  } catch (error) {
    throw error instanceof PerdureError ? new Refusal(error) : error;
  }
}

const incoming = ({ event, channel }: IncomingEvent, data: unknown): IncomingEvent => ({
  event,
  data,
  channel,
});

function log(error: unknown): void {
  console.error("perdure: a handler failed", error);
}
