/** The document's first snippet: a counter, a time and a theme that stay. */

import { createConnectionHandler, defineConnection } from "../../../src/connection/index.ts";
import type { Meta } from "./meta.ts";

interface UserState {
  messageCount: number;
  lastSeen: number;
  theme: string;
}

export const basic = defineConnection<Meta, object, UserState>({
  name: "Basic",
  websocketPath: "/ws",
  connectionBinding: "Basic",

  state: {
    messageCount: 0,
    lastSeen: 0,
    theme: "dark",
  },

  persistedKeys: ["messageCount", "lastSeen", "theme"],

  extractMeta(request) {
    const url = new URL(request.url);
    return {
      userId: url.searchParams.get("userId") ?? crypto.randomUUID(),
      clientId: crypto.randomUUID(),
      channels: ["default"],
    };
  },

  async onConnect(ctx) {
    ctx.emit.emit("greeting", { sent: ctx.state.messageCount, theme: ctx.state.theme });
    ctx.state.lastSeen = Date.now();
  },
});

basic.on<{ text: string }>("message", async (ctx, data) => {
  ctx.state.messageCount++;
  ctx.state.lastSeen = Date.now();

  await ctx.emit.toRoom("chat").emit("message", {
    text: data.text,
    messageNumber: ctx.state.messageCount,
  });
});

basic.on<{ theme: string }>("theme", (ctx, data) => {
  ctx.state.theme = data.theme;
});

export const Basic = createConnectionHandler(basic);
