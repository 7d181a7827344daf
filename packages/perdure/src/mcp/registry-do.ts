import type { Namespace, Schema } from "../object/index.ts";
import { BaseDO, ownNamespace, systemClock } from "../object/index.ts";
import { CONTENT_MIGRATIONS, LOG_MIGRATIONS } from "../log/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { BROADCAST_TIMER } from "./broadcasts.ts";
import type { HandleCall, HandleReply, HandleRpc } from "./handle-rpc.ts";
import { HANDLE_MIGRATIONS } from "./handle-schema.ts";
import { HANDLE_TIMER, HandleStore, unknownHandle } from "./handle-store.ts";
import { SESSION_MIGRATIONS } from "./kept-session.ts";
import { notifyListeners } from "./listeners.ts";
import type { Place } from "./placement.ts";
import { placeOf, sessionName } from "./placement.ts";
import { RegistryObject } from "./registry-object.ts";
import { REGISTRY_MIGRATIONS } from "./registry-schema.ts";
import type { RegistryRpc, SessionRpc } from "./rpc.ts";

/** Any object of the class. */
type AnyObject = SessionRpc & RegistryRpc & { renew(): Promise<void> };

/** What of `SyncLayer` is no session: a registry, or a handle. Its name says which. */
export abstract class RegistryDO<Env> extends BaseDO<Env> implements RegistryRpc, HandleRpc {
  #loadedRegistry: RegistryObject | undefined;
  #loadedHandle: HandleStore | undefined;

  // -------------------------------------------------------------------------------------------- a registry

  /** See `RegistryRpc.join`. */
  async join(session: string): Promise<void> {
    this.#registry.join(session);
  }

  /** See `RegistryRpc.leave`. */
  async leave(session: string): Promise<void> {
    if (!this.isBlank) this.#registry.leave(session);
  }

  /** See `RegistryRpc.follow`. */
  async follow(uri: string, session: string): Promise<void> {
    this.#registry.follow(uri, session);
  }

  /** See `RegistryRpc.unfollow`. */
  async unfollow(uri: string, session: string): Promise<void> {
    if (!this.isBlank) this.#registry.unfollow(uri, session);
  }

  /** See `RegistryRpc.followers`. */
  async followers(uri: string): Promise<string[]> {
    return this.isBlank ? [] : [...this.#registry.followers(uri)];
  }

  /** See `RegistryRpc.broadcast`. */
  async broadcast(data: string): Promise<void> {
    if (!this.isBlank) this.#registry.broadcast(data);
  }

  /** See `RegistryRpc.notify`. */
  async notify(notification: string): Promise<void> {
    notifyListeners(this.links, notification);
  }

  /** See `RegistryRpc.secret`. */
  async secret(): Promise<string> {
    return this.#registry.secret();
  }

  /**
   * Does nothing. A call is an event, with which the platform renews how many calls the object may make itself.
   *
   * @internal
   */
  async renew(): Promise<void> {}

  // -------------------------------------------------------------------------------------------- a handle

  /** See `HandleRpc.useHandle`. */
  async useHandle(subject: string | null, call: HandleCall): Promise<HandleReply> {
    // Nothing is written for a handle that was never made, or is erased.
    if (this.isBlank && call.do !== "create")
      return { ok: false, error: unknownHandle().toProblem() };
    return this.#handle.use(subject, call);
  }

  // -------------------------------------------------------------------------------------------- for every role

  /**
   * What this object is; undefined where its name does not say.
   *
   * @internal
   */
  protected get place(): Place | undefined {
    return placeOf(this.ctx.id.name);
  }

  /** @internal */
  protected override get ownSchemas(): readonly Schema[] {
    const { role } = this.place ?? {};
    return role === undefined ? [] : SCHEMAS[role];
  }

  /** @internal */
  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (name === BROADCAST_TIMER) return this.#registry.ring();
    if (name === HANDLE_TIMER) return this.#handle.ring();
    await this.onTimer(name, payload);
  }

  /**
   * All objects of this class.
   *
   * @internal
   */
  protected get others(): Namespace<AnyObject> {
    const namespace = ownNamespace<AnyObject>(this.env, this.ctx.id);
    if (namespace !== undefined) return namespace;
    throw new PerdureError("broken", "The class SyncLayer is not bound in its own Worker.");
  }

  get #registry(): RegistryObject {
    this.#loadedRegistry ??= this.#loadRegistry();
    return this.#loadedRegistry;
  }

  get #handle(): HandleStore {
    this.#loadedHandle ??= this.#loadHandle();
    return this.#loadedHandle;
  }

  #loadRegistry(): RegistryObject {
    if (this.place?.role !== "registry") throw misplaced("registry");
    return new RegistryObject({
      sql: this.sql,
      clock: systemClock,
      timers: this.timers,
      session: (id) => this.others.getByName(sessionName(id)),
      renew: () => this.others.getByName(this.ctx.id.name ?? "").renew(),
      keepFor: (work) => this.ctx.waitUntil(work),
    });
  }

  #loadHandle(): HandleStore {
    if (this.place?.role !== "handle") throw misplaced("handle");
    return new HandleStore({
      sql: this.sql,
      clock: systemClock,
      timers: this.timers,
      erase: async () => {
        this.#loadedHandle = undefined;
        await this.eraseStorage("The handle is gone.");
      },
    });
  }
}

/** The tables of each role. */
const SCHEMAS: Readonly<Record<Place["role"], readonly Schema[]>> = {
  session: [
    { owner: "log", migrations: LOG_MIGRATIONS },
    { owner: "content", migrations: CONTENT_MIGRATIONS },
    { owner: "mcp", migrations: SESSION_MIGRATIONS },
  ],
  registry: [{ owner: "mcp", migrations: REGISTRY_MIGRATIONS }],
  handle: [{ owner: "mcp", migrations: HANDLE_MIGRATIONS }],
};

/** The object of one role was asked for what one of another does. */
export function misplaced(role: Place["role"]): PerdureError {
  return new PerdureError("bad_request", `This object is no ${role}: its name says what it is.`);
}
