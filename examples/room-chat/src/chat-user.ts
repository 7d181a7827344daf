import type { ConnectionContext, ConnectionMeta } from "perdure/connection";
import { createConnectionHandler, defineConnection } from "perdure/connection";
import { contract, ROOMS } from "./contract.ts";

interface Meta extends ConnectionMeta {
  /** The room that the page shows. */
  room: string;
}

interface State {
  name: string;
  theme: "light" | "dark";
  /** How often this person has said something. */
  said: number;
}

type Context = ConnectionContext<Meta, Env, State, typeof contract>;

export const user = defineConnection<Meta, Env, State, typeof contract>({
  name: "ChatUser",
  contract,
  state: { name: "", theme: "light", said: 0 },
  persistedKeys: ["name", "theme", "said"],

  // Who it is says the login; which room, the page's address.
  extractMeta(request, _env, identity) {
    const room = new URL(request.url).searchParams.get("room") ?? "";
    if (identity === null || !ROOMS.some((one) => one === room)) return null;
    return { userId: identity.subject, clientId: crypto.randomUUID(), channels: [], room };
  },

  async onConnect(ctx) {
    // The first time: who has said nothing of a name has the one of the login.
    ctx.state.name ||= ctx.meta.userId;
    showSettings(ctx);
    await ctx.actor.joinRoom(ctx.meta.room, { name: ctx.state.name });
    ctx.emit.emit("history", await ctx.env.ChatRoom.getByName(ctx.meta.room).recent());
  },
});

user.on("say", async (ctx, { id, text }) => {
  const { userId, room } = ctx.meta;
  const { name } = ctx.state;
  await ctx.env.ChatRoom.getByName(room).say({ id, userId, name, text, at: Date.now() });
  ctx.state.said += 1;
  showSettings(ctx);
});

user.on("set", async (ctx, change) => {
  Object.assign(ctx.state, change);
  showSettings(ctx);
  if (change.name !== undefined) await ctx.actor.joinRoom(ctx.meta.room, { name: ctx.state.name });
});

/** Every page of this person shows the same. */
function showSettings(ctx: Context): void {
  const { name, theme, said } = ctx.state;
  ctx.emit.toUser(ctx.meta.userId).emit("settings", { name, theme, said });
}

/** A person: settings that persist themselves, and a socket for each page. */
export class ChatUser extends createConnectionHandler(user) {}
