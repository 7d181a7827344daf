/** The document's snippets on the storage itself: notes, a transfer, SQL, and both ways together. */

import { createConnectionHandler, defineConnection } from "../../../src/connection/index.ts";
import type { Meta } from "./meta.ts";
import { metaFromQuery } from "./meta.ts";

interface UserState {
  messageCount: number;
  online: boolean;
}

export const storage = defineConnection<Meta, object, UserState>({
  connectionBinding: "Storage",
  websocketPath: "/storage",
  state: { messageCount: 0, online: false },
  persistedKeys: ["messageCount"],
  extractMeta: metaFromQuery,

  async onConnect(ctx) {
    ctx.emit.emit("before", { online: ctx.state.online, messageCount: ctx.state.messageCount });
    ctx.state.online = true;

    const storage = ctx.actor.getStorage();
    const recent = await storage.list({ prefix: "msg:", limit: 50 });
    ctx.emit.emit("history", { messages: Array.from(recent.values()) });
  },
});

storage.on("saveNote", async (ctx, data) => {
  const storage = ctx.actor.getStorage();

  await storage.put(`note:${data.id}`, {
    text: data.text,
    createdAt: Date.now(),
    author: ctx.meta.userId,
  });
});

storage.on("getNotes", async (ctx) => {
  const storage = ctx.actor.getStorage();

  const notes = await storage.list<{ text: string; createdAt: number }>({
    prefix: "note:",
  });

  const noteList = Array.from(notes.values());
  ctx.emit.emit("notes", { notes: noteList });
});

storage.on("deleteNote", async (ctx, data) => {
  const storage = ctx.actor.getStorage();
  await storage.delete(`note:${data.id}`);
});

storage.on("deposit", async (ctx, data) => {
  await ctx.actor.getStorage().put("balance", data.amount);
});

storage.on("transfer", async (ctx, data) => {
  const storage = ctx.actor.getStorage();

  await storage.transaction(async (txn) => {
    const balance = (await txn.get<number>("balance")) ?? 0;
    if (balance < data.amount) {
      ctx.emit.emit("error", { message: "Insufficient balance" });
      return;
    }
    await txn.put("balance", balance - data.amount);
    await txn.put(`txn:${crypto.randomUUID()}`, {
      amount: data.amount,
      to: data.recipient,
      timestamp: Date.now(),
    });
  });
});

storage.on("account", async (ctx) => {
  const storage = ctx.actor.getStorage();
  const transfers = await storage.list<{ amount: number; to: string }>({ prefix: "txn:" });
  ctx.emit.emit("account", {
    balance: await storage.get("balance"),
    transfers: [...transfers.values()].map(({ amount, to }) => ({ amount, to })),
  });
});

storage.on("query", async (ctx) => {
  const storage = ctx.actor.getStorage();

  storage.sql.exec(
    `CREATE TABLE IF NOT EXISTS messages (
      id TEXT PRIMARY KEY,
      text TEXT NOT NULL,
      author TEXT NOT NULL,
      created_at INTEGER NOT NULL
    )`,
  );

  const rows = storage.sql
    .exec(`SELECT * FROM messages ORDER BY created_at DESC LIMIT 50`)
    .toArray();

  ctx.emit.emit("history", { messages: rows });
});

storage.on("write", (ctx, data) => {
  ctx.actor
    .getStorage()
    .sql.exec(
      "INSERT INTO messages (id, text, author, created_at) VALUES (?, ?, ?, ?)",
      crypto.randomUUID(),
      data.text,
      ctx.meta.userId,
      data.at,
    );
});

storage.on<{ text: string }>("message", async (ctx, data) => {
  ctx.state.messageCount++;

  const storage = ctx.actor.getStorage();
  await storage.put(`msg:${Date.now()}`, {
    text: data.text,
    author: ctx.meta.userId,
  });
});

export const Storage = createConnectionHandler(storage);
