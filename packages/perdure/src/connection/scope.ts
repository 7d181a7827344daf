/** What one handler works with: its context, and what of it is undone where it throws. */

import type { Link, Sql } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type {
  ConnectionActor,
  ConnectionContext,
  ConnectionEmit,
  ConnectionMeta,
  ConnectionSocket,
} from "./context.ts";
import type { EmitHost } from "./emit.ts";
import { ContextEmit } from "./emit.ts";
import type { Memberships } from "./memberships.ts";
import { LinkMeta } from "./meta.ts";
import type { Outbox } from "./outbox.ts";
import type { PersistedState } from "./state/index.ts";
import { holdingStorage } from "./storage.ts";

/** What all handlers of an object share. */
export interface ScopeHost<Env, State extends object> extends EmitHost {
  readonly host: {
    readonly id: DurableObjectId;
    readonly env: Env;
    readonly storage: DurableObjectStorage;
    readonly sql: Sql;
  };
  readonly state: PersistedState<State>;
  readonly memberships: Memberships;
}

/** A handler's world: all of it but the state and the sockets is its own. */
export class Scope<Meta extends ConnectionMeta, Env, State extends object, C> {
  /** What it emits. */
  readonly outbox: Outbox;
  /** What it gets where it runs for a socket; null where it runs for none. */
  readonly contextOrNull: ConnectionContext<Meta, Env, State, C> | null;
  readonly #host: ScopeHost<Env, State>;
  readonly #emit: ConnectionEmit<C>;
  #knownActor: ConnectionActor<Meta, Env, State, C> | undefined;
  /** The socket that it runs for; null: none. */
  readonly link: Link | null;
  /** Meta of sockets that it has looked at. */
  readonly #metas = new Map<Link, LinkMeta<Meta>>();

  /**
   * @param link The socket that it runs for; null: none.
   * @param store Stores the state now.
   */
  constructor(
    host: ScopeHost<Env, State>,
    link: Link | null,
    outbox: Outbox,
    store: (scope: Scope<Meta, Env, State, C>) => Promise<void>,
  ) {
    this.#host = host;
    this.link = link;
    this.outbox = outbox;
    this.#emit = new ContextEmit<C>(host, outbox, link);
    this.contextOrNull = link && this.#context(link, () => this.#flush(store));
  }

  /** The object; few handlers ask for it. */
  get actor(): ConnectionActor<Meta, Env, State, C> {
    return (this.#knownActor ??= this.#actor());
  }

  /** What the handler of a socket gets. */
  get context(): ConnectionContext<Meta, Env, State, C> {
    if (this.contextOrNull === null) throw new TypeError("This runs for no socket.");
    return this.contextOrNull;
  }

  /** Undoes what it did to the meta of sockets, and forgets what it has emitted. */
  rollback(): void {
    for (const meta of this.#metas.values()) meta.rollback();
    this.outbox.drop();
  }

  async #flush(store: (scope: Scope<Meta, Env, State, C>) => Promise<void>): Promise<void> {
    if (this.outbox.isHeld)
      throw new PerdureError(
        "bad_request",
        "State is stored apart from a transaction of storage; flush before or after it.",
      );
    await store(this);
    for (const meta of this.#metas.values()) meta.begin();
  }

  #context(link: Link, flush: () => Promise<void>): ConnectionContext<Meta, Env, State, C> {
    const metaOf = () => this.#metaOf(link);
    const actorOf = () => this.actor;
    const { state, host } = this.#host;
    return {
      state: state.proxy,
      get meta() {
        return metaOf();
      },
      get actor() {
        return actorOf();
      },
      emit: this.#emit,
      socket: socketOf(link),
      env: host.env,
      flush,
    };
  }

  #actor(): ConnectionActor<Meta, Env, State, C> {
    const { host, state, sockets, memberships } = this.#host;
    // A handler means its own socket, whoever else means all of them.
    const links = () => (this.link === null ? sockets.open : [this.link]);
    const open = () =>
      sockets.open.map((link) => {
        const metaOf = () => this.#metaOf(link);
        return {
          ...socketOf(link),
          get meta() {
            return metaOf();
          },
        };
      });
    let storage: DurableObjectStorage | undefined;
    return {
      id: host.id,
      env: host.env,
      state: state.proxy,
      emit: this.#emit,
      get sockets(): readonly ConnectionSocket<Meta>[] {
        return open();
      },
      getStorage: () => (storage ??= holdingStorage(host.storage, this.outbox)),
      async joinRoom(room, meta) {
        await Promise.all(links().map((link) => memberships.join(link, room, meta)));
      },
      async leaveRoom(room) {
        await Promise.all(links().map((link) => memberships.leave(link, room)));
      },
      getRooms: () => [...new Set(links().flatMap((link) => memberships.roomsOf(link)))],
    };
  }

  #metaOf(link: Link): Meta {
    const known = this.#metas.get(link) ?? new LinkMeta<Meta>(link);
    this.#metas.set(link, known);
    return known.proxy;
  }
}

function socketOf(link: Link): Omit<ConnectionSocket, "meta"> {
  return {
    id: link.attachment.id,
    close: (code = NORMAL_CLOSURE, reason = "") => link.close(code, reason),
  };
}

/** The code of a close that means no more than that (RFC 6455 §7.4.1). */
const NORMAL_CLOSURE = 1000;
