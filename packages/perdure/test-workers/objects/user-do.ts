import type { ConnectionMeta } from "../../src/connection/index.ts";
import {
  createConnectionHandler,
  defineConnection,
  PersistError,
} from "../../src/connection/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";

/** State of a user in the tests. */
export interface UserState {
  count: number;
  nested: { list: number[] };
  bytes: Uint8Array;
  unstored: number;
}

const journal = new Map<string | undefined, string[]>();

/** What happened in one object, in order. A test reads it without waking the object. */
export function journalOf(object: string | undefined): string[] {
  const known = journal.get(object) ?? [];
  journal.set(object, known);
  return known;
}

const gates = new Map<string, PromiseWithResolvers<void>>();

/** What handlers of one object wait for, by name: a promise can be settled in its own object only. */
function gateOf(name: string): PromiseWithResolvers<void> {
  const known = gates.get(name) ?? Promise.withResolvers<void>();
  gates.set(name, known);
  return known;
}

/** A gate, and what to note when it is reached and passed. */
interface Wait {
  readonly gate: string;
  readonly name: string;
}

/** A kind of connection whose handlers do what tests ask for. */
export const user = defineConnection<ConnectionMeta, Cloudflare.Env, UserState>({
  name: "UserDO",
  connectionBinding: "USER",
  state: { count: 0, nested: { list: [] }, bytes: new Uint8Array(3), unstored: 0 },
  persistedKeys: ["count", "nested", "bytes"],
  persistOptions: { shallow: false },
  limits: { burst: 5_000, framesPerSecond: 5_000 },
  extractMeta(request) {
    const name = request.headers.get("x-user");
    if (name === "refused") throw new PerdureError("rate_limited", "Not so often.");
    if (name === "broken") throw new Error("a secret of the server's");
    if (name === "elsewhere") return new Response("elsewhere", { status: 418 });
    return name === null ? null : { userId: name, clientId: "raw", channels: ["raw"] };
  },
  onConnect(ctx) {
    journalOf(ctx.actor.id.name).push(`connect ${ctx.state.count}`);
    if (ctx.meta.clientId === "changing") ctx.state.count += 1;
    if (ctx.meta.clientId === "unlucky") throw new Error("no luck at first");
  },
  onDisconnect(ctx) {
    journalOf(ctx.actor.id.name).push(`disconnect ${ctx.state.count}`);
    if (ctx.meta.clientId === "changing") ctx.state.count += 100;
    if (ctx.meta.clientId === "unlucky") throw new Error("no luck at the end");
  },
  onMessage(ctx, frame) {
    ctx.emit.emit("unhandled", frame);
  },
  onError(error, ctx) {
    const name = ctx?.actor.id.name ?? "";
    journalOf(name).push(`error ${error instanceof Error ? error.message : String(error)}`);
  },
  onHibernationRestore(actor) {
    journalOf(actor.id.name).push(`restored ${actor.state.count}, ${actor.sockets.length} sockets`);
  },
});

user
  .on("echo", (ctx, data: unknown) => {
    ctx.emit.emit("echo", data);
  })
  .on<number>("fill", (ctx, byte) => {
    ctx.state.bytes.fill(byte);
    ctx.emit.emit("bytes", ctx.state.bytes);
  })
  .on<number>("add", (ctx, data) => {
    ctx.state.count += data;
    ctx.emit.emit("count", ctx.state.count);
  })
  .on<Wait>("wait", async (ctx, { gate, name }) => {
    journalOf(ctx.actor.id.name).push(`begin ${name}`);
    await gateOf(`${ctx.actor.id.name} ${gate}`).promise;
    ctx.state.count += 1;
    journalOf(ctx.actor.id.name).push(`end ${name}`);
  })
  .on<Wait>(
    "beside",
    async (ctx, { gate, name }) => {
      journalOf(ctx.actor.id.name).push(`begin ${name}`);
      await gateOf(`${ctx.actor.id.name} ${gate}`).promise;
      ctx.state.count += 1;
      ctx.emit.emit("beside", name);
      if (name === "fails") throw new PerdureError("bad_request", "beside the point");
    },
    { concurrent: true },
  )
  .on<string>("fail", async (ctx, kind) => {
    ctx.state.count += 1;
    ctx.state.nested.list.push(1);
    ctx.state.unstored += 1;
    ctx.meta.channels.push("failed");
    ctx.emit.emit("never");
    await Promise.resolve();
    if (kind === "secret") throw new Error("a secret of the server's");
    throw new PerdureError("bad_request", "not like this");
  })
  .on("look", (ctx) => {
    const { count, nested, unstored } = ctx.state;
    ctx.emit.emit("look", { count, list: nested.list, unstored, meta: ctx.meta });
  })
  .on("flushThenFail", async (ctx) => {
    ctx.state.count += 1;
    ctx.meta.channels.push("flushed");
    await ctx.flush();
    ctx.state.count += 10;
    ctx.meta.channels.push("failed");
    throw new PerdureError("bad_request", "after the flush");
  })
  .on("flushFails", async (ctx) => {
    ctx.state.count += 10;
    ctx.state.nested.list.push(10);
    ctx.emit.emit("waits for state");
    try {
      await ctx.flush();
    } catch (error) {
      const { count, nested } = ctx.state;
      const why = error instanceof PersistError && { code: error.code, key: error.key };
      ctx.emit.emit("failed", { why, count, list: nested.list });
    }
    ctx.state.count += 1;
  })
  .on("flushInside", async (ctx) => {
    await ctx.actor.getStorage().transaction(() => ctx.flush());
  })
  .on("twice", (ctx) => {
    ctx.emit.emit("twice", "first");
  })
  .on("twice", (ctx) => {
    ctx.emit.emit("twice", "second");
  });

/** A user's object with RPC methods of its own. */
export class UserDO extends createConnectionHandler(user) {
  async count(): Promise<number> {
    return this.state.count;
  }

  async add(by: number): Promise<void> {
    this.state.count += by;
    this.actor.emit.emit("count", this.state.count);
  }

  /** Opens a gate. */
  async open(gate: string): Promise<void> {
    gateOf(`${this.ctx.id.name} ${gate}`).resolve();
  }

  async setTimer(name: string): Promise<void> {
    this.timers.set(name, Date.now(), name);
  }

  /** Whether anything was ever written here: a table, or a key. */
  async isUntouched(): Promise<boolean> {
    const { sql, kv } = this.ctx.storage;
    const tables = sql.exec(
      "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
    );
    return tables.toArray().length === 0 && [...kv.list()].length === 0;
  }

  protected override onTimer(name: string): void {
    journalOf(this.ctx.id.name).push(`timer ${name} ${this.state.count}`);
    this.state.count += 1000;
  }

  protected override onRequest(): Response {
    return Response.json(this.state.count);
  }
}
