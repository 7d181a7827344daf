import type { ConnectionMeta } from "../../src/connection/index.ts";
import { createConnectionHandler, defineConnection } from "../../src/connection/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";

/** State of a user in the tests. */
export interface UserState {
  count: number;
  nested: { list: number[] };
  log: string[];
}

/** All that happened in objects, by their names. A test reads it without waking one. */
export const userJournal = new Map<string | undefined, string[]>();

/** What happened in one object. */
export function journalOf(object: string | undefined): string[] {
  const known = userJournal.get(object) ?? [];
  userJournal.set(object, known);
  return known;
}

/** Gates that handlers wait at, by name: a test opens them. */
export const gates = new Map<string, PromiseWithResolvers<void>>();

/** The gate of a name. */
export function gateOf(name: string): PromiseWithResolvers<void> {
  const known = gates.get(name) ?? Promise.withResolvers<void>();
  gates.set(name, known);
  return known;
}

/** A kind of connection whose handlers do whatever a test asks for. */
export const user = defineConnection<ConnectionMeta, Cloudflare.Env, UserState>({
  name: "UserDO",
  connectionBinding: "USER",
  state: { count: 0, nested: { list: [] }, log: [] },
  persistedKeys: ["count", "nested"],
  persistOptions: { shallow: false },
  extractMeta(request) {
    const name = request.headers.get("x-user");
    if (name === "refused") throw new PerdureError("forbidden", "This one may not connect.");
    if (name === "broken") throw new Error("a secret of the server's");
    if (name === "elsewhere") return new Response("elsewhere", { status: 418 });
    return name === null ? null : { userId: name, clientId: "raw", channels: ["raw"] };
  },
  onConnect(ctx) {
    journalOf(ctx.actor.id.name).push(`connect ${ctx.state.count}`);
    if (ctx.meta.clientId === "unlucky") throw new PerdureError("bad_request", "no luck");
  },
  onDisconnect(ctx) {
    journalOf(ctx.actor.id.name).push(`disconnect ${ctx.state.count}`);
    ctx.state.count += 100;
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
    actor.emit.emit("restored");
  },
});

user
  .on("echo", (ctx, data: unknown) => {
    ctx.emit.emit("echo", data);
  })
  .on<number>("add", (ctx, data) => {
    ctx.state.count += data;
    ctx.emit.emit("count", ctx.state.count);
  })
  .on<{ gate: string; name: string }>("wait", async (ctx, data) => {
    journalOf(ctx.actor.id.name).push(`begin ${data.name}`);
    await gateOf(data.gate).promise;
    ctx.state.count += 1;
    journalOf(ctx.actor.id.name).push(`end ${data.name}`);
  })
  .on<{ gate: string; name: string }>(
    "waitBeside",
    async (ctx, data) => {
      journalOf(ctx.actor.id.name).push(`begin ${data.name}`);
      await gateOf(data.gate).promise;
      journalOf(ctx.actor.id.name).push(`end ${data.name}`);
      ctx.emit.emit("beside");
    },
    { concurrent: true },
  )
  .on<{ secret?: boolean }>("fail", async (ctx, data) => {
    ctx.state.count += 1;
    ctx.state.nested.list.push(1);
    ctx.meta.channels.push("failed");
    ctx.emit.emit("never");
    await Promise.resolve();
    if (data.secret === true) throw new Error("a secret of the server's");
    throw new PerdureError("bad_request", "not like this");
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

  async setTimer(name: string): Promise<void> {
    this.timers.set(name, Date.now(), name);
  }

  protected override onTimer(name: string): void {
    journalOf(this.ctx.id.name).push(`timer ${name} ${this.state.count}`);
    this.state.count += 1000;
  }

  protected override onRequest(): Response {
    return Response.json(this.state.count);
  }
}
