import { z } from "zod";
import {
  connectionRoutes,
  createConnectionHandler,
  defineConnection,
  defineContract,
} from "../../src/connection/index.ts";
import { subprotocolToken } from "../../src/object/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";

/** What users and their clients say to each other in the tests. */
export const contract = defineContract({
  serverEvents: {
    noted: z.string(),
    echo: z.unknown(),
    rare: z.object({ text: z.string().transform((text) => text.toUpperCase()) }),
  },
  clientEvents: {
    note: z.string().trim().max(20),
    echo: z.unknown(),
    rare: z.object({ text: z.unknown() }),
    move: z.number(),
    fail: z.string(),
  },
});

/** A kind of connection that notes what it is told, in order. */
export const clientUser = defineConnection({
  name: "ClientUserDO",
  connectionBinding: "CLIENT_USER",
  contract,
  state: { notes: [] as readonly string[] },
  persistedKeys: ["notes"],
  // Handlers that fail do so on purpose.
  onError() {},
})
  .on("note", (ctx, text) => {
    ctx.state.notes = [...ctx.state.notes, text];
    ctx.emit.toUser(ctx.meta.userId).emit("noted", text);
  })
  .on("echo", (ctx, data) => {
    ctx.emit.emit("echo", data);
  })
  .on("rare", (ctx, { text }) => {
    ctx.emit.emit("rare", { text: text as string });
  })
  .on("move", (ctx, x) => {
    ctx.state.notes = [...ctx.state.notes, `moved ${x}`];
  })
  .on("fail", (ctx, text) => {
    ctx.state.notes = [...ctx.state.notes, text];
    throw new PerdureError("forbidden", text);
  });

/** A user's object that says what it has noted. */
export class ClientUserDO extends createConnectionHandler(clientUser) {
  async notes(): Promise<readonly string[]> {
    return this.state.notes;
  }
}

/** The Worker's side: a token is the name of whoever has it. */
export const clientRoutes = connectionRoutes(clientUser, {
  authenticate(request) {
    const subject =
      subprotocolToken(request) ??
      /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (subject === undefined) throw new PerdureError("unauthorized", "Log in.");
    if (subject === "mallory") throw new PerdureError("forbidden", "Not you.");
    return { subject };
  },
});
