/**
 * A Worker whose sessions have tables of an app's own, and which end, or whose database fails, after so many SQL statements
 * where a test asks for it. Its doors are beside those of the Worker that it extends.
 */

import type { Migration, Sql } from "perdure/object";
import chaosWorker, { SessionDO as SessionWithDoors } from "./chaos-worker.ts";

export { LoginDO, SessionIndexDO } from "./chaos-worker.ts";

interface Env {
  readonly SESSION_DO: DurableObjectNamespace<SessionDO>;
  readonly SESSION_INDEX: Parameters<typeof chaosWorker.fetch>[1]["SESSION_INDEX"];
}

/** Of each: what would be there twice, or fail, were it applied a second time. */
const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: "CREATE TABLE stars (name TEXT); CREATE TABLE counts (n INTEGER); INSERT INTO counts VALUES (1)",
  },
  {
    version: 2,
    name: "by hand",
    up: (sql: Sql) => {
      sql.run("INSERT INTO stars SELECT 'star ' || n FROM counts");
      sql.run("ALTER TABLE counts ADD COLUMN unit TEXT DEFAULT 'piece'");
      sql.run("UPDATE counts SET n = n + 1");
    },
  },
  {
    version: 3,
    sql: "CREATE TABLE heard (what TEXT NOT NULL); CREATE UNIQUE INDEX stars_by_name ON stars (name)",
  },
];

/** What is deployed: the next instance of an object finds so many migrations. */
let deployed = MIGRATIONS.length;

/** What happens to the next instance of an object after so many statements. */
interface Fault {
  readonly kind: "end" | "fail";
  readonly statements: number;
}

/** By the object's id. */
const armed = new Map<string, Fault>();

/** A session of an app. */
export class SessionDO extends SessionWithDoors {
  static override get migrations(): readonly Migration[] {
    return MIGRATIONS.slice(0, deployed);
  }

  constructor(ctx: DurableObjectState, env: unknown) {
    const fault = armed.get(ctx.id.toString());
    armed.delete(ctx.id.toString());
    if (fault !== undefined) inject(ctx, fault);
    super(ctx, env);
  }

  /** Sets a timer that is due after so many milliseconds; answers when. */
  remind(ms: number): number {
    const at = Date.now() + ms;
    this.timers.set("reminder", at, { text: "tea" });
    return at;
  }

  /** All that migrations have made, and what the app's tables hold. */
  schema() {
    return {
      objects: this.sql.run(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY type, name",
      ),
      migrations: this.sql.run("SELECT * FROM perdure_migrations ORDER BY owner, version"),
      stars: this.sql.run("SELECT * FROM stars"),
      counts: this.sql.run("SELECT * FROM counts"),
    };
  }

  protected override onTimer(name: string, payload: unknown): void {
    this.sql.run("INSERT INTO heard (what) VALUES (?)", name);
    const { counts, stars } = this.schema();
    console.log(
      `heard ${JSON.stringify({ session: this.ctx.id.name, name, payload, counts, stars })}`,
    );
  }
}

/** Objects in which a fault has struck since that was asked. */
const struck = new Set<string>();

/** Counts each statement, also where several are one script. */
function inject(ctx: DurableObjectState, { kind, statements }: Fault): void {
  const { sql } = ctx.storage;
  const exec = sql.exec.bind(sql);
  let left = statements;
  const execEach = (query: string, ...bindings: unknown[]) => {
    let cursor: unknown;
    for (const statement of query.split(";").filter((text) => text.trim() !== "")) {
      cursor = exec(statement, ...bindings);
      left -= 1;
      if (left !== 0) continue;
      struck.add(ctx.id.toString());
      const what = `A test ends this after ${statements} statements.`;
      if (kind === "end") ctx.abort(what);
      throw new Error(what);
    }
    return cursor;
  };
  Object.defineProperty(sql, "exec", { value: execEach, configurable: true });
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext) {
    const [, name = "", door] =
      /^\/_test\/([^/]+)\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
    const session = env.SESSION_DO.getByName(name);
    switch (door) {
      case "deploy":
        deployed = Number(await request.text());
        return Response.json(null);
      case "end":
      case "fail":
        armed.set(session.id.toString(), { kind: door, statements: Number(await request.text()) });
        return Response.json(null);
      case "struck":
        return Response.json(struck.delete(session.id.toString()));
      case "remind":
        return Response.json(await session.remind(Number(await request.text())));
      case "schema":
        return Response.json(await session.schema());
      default:
        return chaosWorker.fetch(request, env, ctx);
    }
  },
};
