/** The floor: a user's object that counts, and a room that is a table of members, as somebody writes them by hand. */

import { DurableObject } from "cloudflare:workers";
import { crowdRequest } from "./crowd-request.ts";
import { StandIn } from "./stand-in.ts";

interface Env {
  readonly USER: DurableObjectNamespace<User>;
  readonly CROWD: DurableObjectNamespace<Crowd>;
  readonly STAND_IN: DurableObjectNamespace<BareStandIn>;
}

/** Members that are called at once: as many as Perdure's room calls. */
const CONCURRENCY = 32;

export class User extends DurableObject<Env> {
  #count = this.ctx.storage.kv.get<number>("count") ?? 0;

  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string): void {
    const { event } = JSON.parse(message) as { readonly event: string };
    if (event !== "add") return;
    this.#count += 1;
    this.ctx.storage.kv.put("count", this.#count);
    socket.send(JSON.stringify({ t: "event", event: "count", data: this.#count }));
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close(1000);
  }
}

export class BareStandIn extends StandIn {
  async deliver(_text: string): Promise<number> {
    return this.take();
  }
}

export class Crowd extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS members (user_id TEXT PRIMARY KEY) WITHOUT ROWID",
    );
  }

  async join(userId: string): Promise<void> {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO members (user_id) VALUES (?)", userId);
  }

  async relay(text: string): Promise<number> {
    const members = this.ctx.storage.sql
      .exec<{ user_id: string }>("SELECT user_id FROM members")
      .toArray()
      .values();
    let reached = 0;
    const next = async () => {
      for (const { user_id } of members) {
        const sockets = await this.env.STAND_IN.getByName(user_id).deliver(text);
        reached += sockets;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, next));
    return reached;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const userId = new URL(request.url).searchParams.get("user");
    if (userId !== null) return env.USER.getByName(userId).fetch(request);
    const { room, join, text } = crowdRequest(request);
    const stub = env.CROWD.getByName(room);
    for (const member of join) await stub.join(member);
    const reached = text === null ? null : await stub.relay(text);
    return Response.json({ reached });
  },
} satisfies ExportedHandler<Env>;
