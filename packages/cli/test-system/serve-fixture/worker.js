/** A Worker with the bindings of the real one, that keeps rows and holds connections open. */

import { DurableObject } from "cloudflare:workers";

const GOING_AWAY = 1001;

export class SessionDO extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body TEXT)");
  }

  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, body) {
    socket.send(JSON.stringify(this.insert(body)));
  }

  webSocketClose(socket, code, reason) {
    socket.close(code, reason);
  }

  insert(body) {
    return this.ctx.storage.sql
      .exec("INSERT INTO rows (body) VALUES (?) RETURNING id, body", body)
      .one();
  }

  rows() {
    return this.ctx.storage.sql.exec("SELECT id, body FROM rows ORDER BY id").toArray();
  }

  drain() {
    for (const socket of this.ctx.getWebSockets())
      socket.close(GOING_AWAY, "The server goes away.");
  }
}

export class SessionIndexDO extends DurableObject {}

/** Goes on for ever, whatever is drained. */
function endlessStream() {
  let ticking;
  const ticks = new ReadableStream({
    start(controller) {
      const tick = () => controller.enqueue(new TextEncoder().encode("tick\n"));
      tick();
      ticking = setInterval(tick, 50);
    },
    cancel() {
      clearInterval(ticking);
    },
  });
  return new Response(ticks);
}

async function connectOut() {
  try {
    await fetch("http://192.0.2.1/", { signal: AbortSignal.timeout(2_000) });
    return Response.json({ connected: true });
  } catch (error) {
    return Response.json({ connected: false, name: error.name });
  }
}

const SECRETS = new Set(["PERDURE_SECRET", "PERDURE_ADMIN_SECRET"]);

function bindings(env) {
  return Response.json(
    Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.has(name))),
  );
}

let isDrainStuck = false;

async function drain(request, env, object) {
  if (request.headers.get("authorization") !== `Bearer ${env.PERDURE_ADMIN_SECRET}`)
    return new Response("no", { status: 401 });
  if (isDrainStuck) await scheduler.wait(60_000);
  await object.drain();
  return new Response(null, { status: 204 });
}

export default {
  async fetch(request, env) {
    const object = env.SESSION_DO.getByName("only");
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "GET /health":
        return new Response("ok");
      case "GET /rows":
        return Response.json(await object.rows());
      case "POST /rows":
        return Response.json(await object.insert(await request.text()));
      case "GET /socket":
        return object.fetch(request);
      case "GET /stream":
        return endlessStream();
      case "GET /bindings":
        return bindings(env);
      case "GET /out":
        return connectOut();
      case "GET /fail":
        console.log("said quietly");
        console.error(`failed with ${env.PERDURE_SECRET} and ${env.PERDURE_ADMIN_SECRET}`);
        return new Response("failed", { status: 500 });
      case "POST /stick":
        isDrainStuck = true;
        return new Response("stuck");
      case "POST /_perdure/drain":
        return drain(request, env, object);
      default:
        return env.ASSETS.fetch(`http://assets${pathname}`);
    }
  },
};
