/** Perdure's connections and rooms as they are, behind the few routes that a benchmark needs. */

import type { RoomDO } from "perdure/connection";
import { createConnectionHandler, createRoomHandler, defineConnection } from "perdure/connection";
import { upgradeRequest } from "perdure/object";
import { crowdRequest } from "./crowd-request.ts";
import { StandIn } from "./stand-in.ts";

interface Env {
  readonly USER: DurableObjectNamespace;
  readonly CROWD: DurableObjectNamespace<RoomDO>;
  readonly STAND_IN: DurableObjectNamespace<PerdureStandIn>;
}

const user = defineConnection({
  name: "User",
  connectionBinding: "USER",
  state: { count: 0 },
  persistedKeys: ["count"],
  limits: { burst: 1_000_000, framesPerSecond: 1_000_000 },
}).on("add", (ctx) => {
  ctx.state.count += 1;
  ctx.emit.emit("count", ctx.state.count);
});

export const User = createConnectionHandler(user);

/** A user's object that has a socket in every room, as far as a room can tell. */
export class PerdureStandIn extends StandIn {
  async deliver(_room: string, frames: readonly unknown[]): Promise<number> {
    for (const _ of frames) this.take();
    return 1;
  }
}

export const Crowd = createRoomHandler<Env>({
  name: "CROWD",
  connectionBinding: "STAND_IN",
  presence: false,
});

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const userId = new URL(request.url).searchParams.get("user");
    if (userId !== null)
      return env.USER.getByName(userId).fetch(
        upgradeRequest({
          kind: "connection",
          subject: userId,
          role: "participant",
          expiresAt: null,
          meta: { userId, clientId: "bench", channels: ["default"] },
        }),
      );
    const { room, join, text } = crowdRequest(request);
    const stub = env.CROWD.getByName(room);
    for (const member of join) await stub.join(member, null);
    const reached = text === null ? null : await stub.relay(text, null);
    return Response.json({ reached });
  },
} satisfies ExportedHandler<Env>;
