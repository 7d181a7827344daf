import type { AuthSessionNamespace } from "../../src/auth/placement.ts";
import type { AuthSessionRpc } from "../../src/auth/rpc.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { SessionWorld } from "./session-world.ts";

/** Many objects behind one namespace; each call takes the turns that a test gives it. */
export class PlacedWorlds implements AuthSessionNamespace {
  readonly clock = new FakeClock();
  readonly worlds = new Map<string, SessionWorld>();
  /** Runs before each call, and may hold it or throw. */
  before: (object: string, method: string) => Promise<void> = async () => {};
  /** Calls so far. */
  readonly calls: string[] = [];

  world(name: string): SessionWorld {
    const known = this.worlds.get(name);
    if (known !== undefined) return known;
    const made = new SessionWorld({ clock: this.clock });
    this.worlds.set(name, made);
    return made;
  }

  getByName(name: string): AuthSessionRpc {
    const rpc = rpcOf(this.world(name));
    const call =
      <Given extends unknown[], T>(method: string, work: (...given: Given) => Promise<T>) =>
      async (...given: Given): Promise<T> => {
        await this.before(name, method);
        this.calls.push(`${name} ${method}`);
        return work(...given);
      };
    return {
      create: call("create", rpc.create),
      get: call("get", rpc.get),
      open: call("open", rpc.open),
      touch: call("touch", rpc.touch),
      rotate: call("rotate", rpc.rotate),
      revoke: call("revoke", rpc.revoke),
      revokeById: call("revokeById", rpc.revokeById),
      list: call("list", rpc.list),
      revokeAll: call("revokeAll", rpc.revokeAll),
      watch: call("watch", rpc.watch),
      leave: call("leave", rpc.leave),
      arrive: call("arrive", rpc.arrive),
      forget: call("forget", rpc.forget),
      bury: call("bury", rpc.bury),
    };
  }

  /** Rows with sessions in all objects. */
  get copies(): number {
    return [...this.worlds.values()].reduce((sum, world) => sum + world.count("auth_sessions"), 0);
  }
}

/** What the object's class makes of its sessions, without what it checks. */
function rpcOf({ sessions }: SessionWorld): AuthSessionRpc {
  return {
    create: async (session) => sessions.create(session, {}),
    get: async (token) => sessions.find(token) ?? null,
    open: async (token) => {
      const record = sessions.find(token);
      if (record !== undefined) return { id: record.id, ttlMs: record.ttlMs, record };
      return sessions.leave(token) === "ended" ? "ended" : null;
    },
    touch: async (token) => sessions.touch(token, undefined) ?? null,
    rotate: async (token, next) => sessions.rotate(token, next) ?? null,
    revoke: async (token) => sessions.end(token)?.expiresAt ?? null,
    revokeById: async (userId, id, isMoving = false) =>
      sessions.endById(userId, id, isMoving) !== undefined,
    list: async (userId) => sessions.list(userId),
    revokeAll: async (userId, isMoving = false) => sessions.endAllOf(userId, isMoving).length,
    watch: async (token, object) => sessions.watch(token, object) !== undefined,
    leave: async (token) => sessions.leave(token) ?? null,
    arrive: async ({ record, live }) =>
      sessions.arrive({ record: { ...record, fields: { ...record.fields } }, live }),
    forget: async (session) => sessions.forget(session),
    bury: async (token, until) => sessions.bury(token, until),
  };
}
