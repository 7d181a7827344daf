import type { ConnectionMeta } from "../../src/connection/index.ts";
import { createConnectionHandler, defineConnection } from "../../src/connection/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";
import { journalOf } from "./user-do.ts";

/** A kind of connection whose handlers emit in every way, without rooms. */
const emitting = defineConnection<ConnectionMeta, Cloudflare.Env, { count: number }>({
  name: "EmittingUserDO",
  connectionBinding: "EMITTING_USER",
  state: { count: 0 },
  persistedKeys: ["count"],
  onError(error, ctx) {
    const code = error instanceof PerdureError ? error.code : "none";
    journalOf(ctx?.actor.id.name ?? "emitting").push(`error ${code}`);
  },
});

emitting
  .on("later", async (ctx) => {
    ctx.emit.emit("first");
    const own = ctx.emit.emit("second");
    ctx.emit.emit("third");
    journalOf(ctx.actor.id.name).push(`sent ${await own}`);
    ctx.state.count += 1;
    ctx.emit.emit("stored", await ctx.actor.getStorage().get("perdure:state:count"));
  })
  .on<string>("awaitThenFail", async (ctx) => {
    await ctx.emit.emit("awaited");
    ctx.emit.emit("never");
    throw new PerdureError("bad_request", "after it");
  })
  .on<{ how: string }>("transaction", async (ctx, { how }) => {
    const storage = ctx.actor.getStorage();
    const work = async (transaction: DurableObjectTransaction) => {
      await transaction.put("how", how);
      ctx.emit.emit("inside", how);
      const count = await ctx.emit.emit("awaited inside");
      journalOf(ctx.actor.id.name).push(`${how} ${count}`);
      if (how === "rollback") transaction.rollback();
      if (how === "throw") throw new Error("undone");
    };
    ctx.emit.emit("before");
    await storage.transaction(work).catch(() => undefined);
    ctx.emit.emit("after", await storage.get("how"));
  })
  .on<{ how: string }>("transactionSync", (ctx, { how }) => {
    const storage = ctx.actor.getStorage();
    try {
      storage.transactionSync(() => {
        storage.kv.put("how", how);
        ctx.emit.emit("inside", how);
        if (how === "throw") throw new Error("undone");
      });
    } catch {
      // What was emitted inside is gone.
    }
    ctx.emit.emit("after", storage.kv.get("how"));
  })
  .on<{ includeSelf?: boolean }>("room", async (ctx, options) => {
    const count = await ctx.emit.toRoom("chat", options).emit("room", "hello");
    await ctx.emit.emit("reached", count);
  })
  .on<{ user: string }>("user", async (ctx, { user }) => {
    await ctx.emit.emit("reached", await ctx.emit.toUser(user).emit("user", "hello"));
  })
  .on<string | { socket: string }>("to", async (ctx, target) => {
    await ctx.emit.emit("reached", await ctx.emit.to(target).emit("to", "hello"));
  })
  .on("bad", (ctx) => {
    ctx.emit.emit("bad", new Map());
  })
  .on<string>("named", (ctx, name) => {
    ctx.emit.emit(name);
  })
  .on("bytes", async (ctx, data: Uint8Array) => {
    await ctx.emit.emit(
      "bytes",
      data.map((byte) => byte + 1),
    );
  })
  .on<{ isAwaited: boolean }>("unreachable", async (ctx, { isAwaited }) => {
    const emission = ctx.emit.toUser("unreachable").emit("hello");
    if (isAwaited) await emission;
  })
  .on("late", (ctx) => {
    const emitLater = async () => {
      await ctx.actor.getStorage().get("nothing");
      ctx.emit.emit("late", "enough");
    };
    void emitLater();
  });

/** A user's object that may be told not to answer. */
export class EmittingUserDO extends createConnectionHandler(emitting) {
  override async send(frame: string | Uint8Array): Promise<number> {
    if (this.ctx.id.name === "unreachable") throw new Error("This one is not to be reached.");
    return super.send(frame);
  }
}
