/**
 * The Worker that `perdure serve` runs, unchanged, with doors for tests beside it: what objects cost, and what only an
 * object can do to itself. `POST /_test/SESSION/DOOR` with a number as its body answers JSON.
 */

import { SessionIndexDO as ServedSessionIndexDO } from "perdure/session";
import worker, { SessionDO as ServedSessionDO } from "../../src/worker.ts";
import type { SessionCosts } from "./costs.ts";
import { costsOf, meter } from "./object-meter.ts";

export { LoginDO } from "../../src/worker.ts";

interface Env {
  readonly SESSION_DO: DurableObjectNamespace<SessionDO>;
  readonly SESSION_INDEX: DurableObjectNamespace<SessionIndexDO>;
}

const TESTER = { subject: "tester", role: "admin", expiresAt: null } as const;

/** The product's session with doors. */
export class SessionDO extends ServedSessionDO {
  constructor(ctx: DurableObjectState, env: unknown) {
    meter(ctx);
    super(ctx, env);
  }

  /** What this session has cost, with its line in the list. */
  async costs(): Promise<SessionCosts> {
    const { SESSION_INDEX } = this.env as Env;
    const list = SESSION_INDEX.idFromName(this.session.state.createdBy);
    return { session: costsOf(this.ctx.id), list: costsOf(list) };
  }

  /** Appends as many events, each in a row of its own. */
  async fill(events: number): Promise<void> {
    for (let n = 0; n < events; n += 1)
      await this.command(TESTER, `fill-${n}`, { op: "set-meta", patch: { n } });
  }

  /** Retention: answers the new floor. */
  trim(position: number): Promise<number> {
    return this.session.trim(position);
  }

  /** Ends the object at once, as a fault of the platform does: memory and sockets go, what is not durable too. */
  abort(): void {
    this.ctx.abort("A test ends this object.");
  }
}

/** The product's list of sessions, metered. */
export class SessionIndexDO extends ServedSessionIndexDO {
  constructor(ctx: DurableObjectState, env: unknown) {
    meter(ctx);
    super(ctx, env);
  }
}

/** Opens a door. */
async function open(session: DurableObjectStub<SessionDO>, door: string, given: number) {
  switch (door) {
    case "costs":
      return session.costs();
    case "fill":
      return session.fill(given);
    case "trim":
      return session.trim(given);
    case "abort":
      // The call fails with the object that was to answer it.
      return Promise.resolve(session.abort()).catch(() => null);
    default:
      throw new Error(`There is no door ${door}.`);
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext) {
    const [, session = "", door = ""] =
      /^\/_test\/([^/]+)\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
    if (door === "") return worker.fetch(request, env, ctx);
    const answer: unknown = await open(
      env.SESSION_DO.getByName(session),
      door,
      Number(await request.text()),
    );
    return Response.json(answer ?? null);
  },
};
