/** Perdure's own session object behind the few routes that a benchmark needs: as it is, unless rows are counted. */

import { AuthSessionDO } from "perdure/auth";
import type { Identity } from "perdure/object";
import { upgradeRequest } from "perdure/object";
import type { SessionIndexRpc } from "perdure/session";
import { SessionDO, SessionIndexDO } from "perdure/session";
import { bodyOf } from "../plain-wire.ts";
import { countWrites, writtenBy } from "./counted.ts";

export { SessionDO, SessionIndexDO };

interface Env {
  readonly SESSION_DO: DurableObjectNamespace<SessionDO>;
  readonly SESSION_INDEX: DurableObjectNamespace<SessionIndexDO>;
  readonly COUNTED_SESSION: DurableObjectNamespace<CountedSession>;
  readonly COUNTED_INDEX: DurableObjectNamespace<CountedIndex>;
  readonly LOGINS: DurableObjectNamespace<Logins>;
}

const OWNER: Identity = { subject: "bench", role: "admin", expiresAt: null };

/** Commands that are under way at once while a history is made. */
const FILL_WINDOW = 256;

export class CountedSession extends SessionDO<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    countWrites(ctx);
    super(ctx, env);
  }

  protected override indexOf(owner: string): SessionIndexRpc {
    return this.env.COUNTED_INDEX.getByName(owner);
  }
}

export class CountedIndex extends SessionIndexDO {
  constructor(ctx: DurableObjectState, env: unknown) {
    countWrites(ctx);
    super(ctx, env);
  }
}

export class Logins extends AuthSessionDO<object> {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, { ...env, SESSION_DO_SECRET: "a secret that is only for benchmarks" });
  }

  async fill(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1)
      await this.create({ token: `bench-session-token-${n}`, userId: `user ${n}` });
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const id = url.searchParams.get("session") ?? "";
    const namespace = url.searchParams.has("counted") ? env.COUNTED_SESSION : env.SESSION_DO;
    const session = namespace.getByName(id);
    switch (url.pathname) {
      case "/open":
        await session.create(OWNER, { id });
        break;
      case "/fill": {
        const { count, body } = bodyOf(url);
        const run = crypto.randomUUID();
        for (let done = 0; done < count; done += FILL_WINDOW)
          await Promise.all(
            Array.from({ length: Math.min(FILL_WINDOW, count - done) }, (_, n) =>
              session.command(OWNER, `${run}-${done + n}`, {
                op: "set-meta",
                patch: { entry: body },
              }),
            ),
          );
        break;
      }
      case "/auth-fill":
        await env.LOGINS.getByName(id).fill(bodyOf(url).count);
        return Response.json({ head: 0 });
      case "/auth-get": {
        const found = await env.LOGINS.getByName(id).get(url.searchParams.get("token") ?? "");
        return Response.json({ head: found?.expiresAt }, { status: found === null ? 404 : 200 });
      }
      case "/socket": {
        const kind = url.searchParams.get("kind") === "producer" ? "runner" : "reader";
        return session.fetch(upgradeRequest({ ...OWNER, kind }));
      }
      case "/written": {
        const counted = env.COUNTED_SESSION.idFromName(id);
        const index = env.COUNTED_INDEX.idFromName(OWNER.subject);
        return Response.json({ written: writtenBy(counted) + writtenBy(index) });
      }
    }
    const described = await session.describe(OWNER);
    return described.ok
      ? Response.json({ head: described.value.head })
      : Response.json(described.error, { status: 500 });
  },
} satisfies ExportedHandler<Env>;
