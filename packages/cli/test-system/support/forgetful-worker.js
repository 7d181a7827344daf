/**
 * The main module beside the product's own Worker: a session here loses its memory when a test says so. `POST
 * /_forget/abort/:session` ends the object with its sockets, as a fault of the platform does; `/_forget/evict/:session` takes
 * its memory alone and keeps its sockets, as hibernation does. `GET /_forget/:session` answers how often it was made.
 */

import unsafe from "workerd:unsafe";
import product, { SessionDO as Session } from "worker.js";

export { SessionIndexDO } from "worker.js";

/** How often each session's object was made in this process, by its name. */
const lives = new Map();

/** An eviction waits for timers, and so for the flush of what is not durable; a fault does not, so they go first. */
const timers = new Set();
let areTimersLost = false;
const { setTimeout } = globalThis;
globalThis.setTimeout = (callback, ...more) => {
  if (areTimersLost) return undefined;
  const timer = setTimeout(
    () => {
      timers.delete(timer);
      callback();
    },
    ...more,
  );
  timers.add(timer);
  return timer;
};

export class SessionDO extends Session {
  constructor(ctx, env) {
    super(ctx, env);
    areTimersLost = false;
    timers.clear();
    lives.set(ctx.id.name, (lives.get(ctx.id.name) ?? 0) + 1);
  }

  wake() {}

  loseTimers() {
    areTimersLost = true;
    for (const timer of timers) clearTimeout(timer);
  }

  abort() {
    this.ctx.abort("A test took this object's memory and sockets.");
  }
}

/** The call right after a loss may still meet the object that is going. */
const ATTEMPTS = 50;

/** A session's object, which is in memory: no other has anything to forget. */
async function awake(namespace, name) {
  for (let attempt = 1; ; attempt += 1) {
    const stub = namespace.getByName(name);
    try {
      await stub.wake();
      return stub;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

const doors = {
  // The call fails with the object that it ends.
  abort: (stub) => stub.abort().catch(() => undefined),
  evict: async (stub) => {
    await stub.loseTimers();
    await unsafe.evict(stub, { webSockets: "hibernate" });
  },
};

export default {
  async fetch(request, env, ctx) {
    const [, room, door, name] = new URL(request.url).pathname.split("/");
    if (room !== "_forget") return product.fetch(request, env, ctx);
    if (name === undefined) return Response.json(lives.get(door) ?? 0);
    await doors[door](await awake(env.SESSION_DO, name));
    return new Response(null, { status: 204 });
  },
};
