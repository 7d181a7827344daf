import { z } from "zod";
import type { ConnectionMeta } from "../../src/connection/index.ts";
import {
  channelCodec,
  createConnectionHandler,
  defineConnection,
  defineContract,
} from "../../src/connection/index.ts";

const contract = defineContract({
  serverEvents: { said: z.object({ text: z.string() }) },
  clientEvents: { say: z.object({ text: z.string().trim() }), lie: z.null() },
});

/** A user's object whose events have schemas. */
export const ContractUserDO = createConnectionHandler(
  defineConnection<ConnectionMeta, unknown, object, typeof contract>({
    name: "ContractUserDO",
    contract,
    onError: () => {},
  })
    .on("say", (ctx, { text }) => {
      ctx.emit.emit("said", { text });
    })
    .on("lie", (ctx) => {
      const data: { text: string } = JSON.parse('{"text":1}');
      ctx.emit.emit("said", data);
    }),
);

/** A user's object that speaks the older dialect. */
export const ChannelUserDO = createConnectionHandler(
  defineConnection({
    name: "ChannelUserDO",
    codec: channelCodec,
    onMessage(ctx, frame) {
      ctx.emit.emit("frame", frame);
    },
  })
    .on("echo", (ctx, data: unknown) => {
      ctx.emit.emit("echo", data);
    })
    .on("room", (ctx, data) => {
      ctx.emit.toRoom("chat").emit("room", data);
    }),
);
