import type { Migration, Sql, SqlRow } from "../object/index.ts";
import type { Gateway } from "../protocol/index.ts";

/** A row of `gateway`: there is one, where the session was created with a gateway of its own. */
interface GatewayRow extends SqlRow {
  url: string | null;
  cwd: string | null;
  worktree: string | null;
  agent: string | null;
}

/** The table of the gateway. Asked for as a whole, so it has no index. */
export const GATEWAY_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "gateway",
    up: `CREATE TABLE gateway (
      id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT, cwd TEXT, worktree TEXT, agent TEXT
    )`,
  },
];

/** The gateway that a session was created with. */
export class GatewayStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** What is kept; undefined where the session has named nothing. One row read at most. */
  read(): Gateway | undefined {
    const [row] = this.#sql.run<GatewayRow>("SELECT url, cwd, worktree, agent FROM gateway");
    if (row === undefined) return undefined;
    const named = Object.entries(row).filter(([, value]) => value !== null);
    return Object.fromEntries(named);
  }

  /** Keeps a gateway in place of what was kept: one row. */
  write({ url, cwd, worktree, agent }: Gateway): void {
    this.#sql.run(
      "INSERT OR REPLACE INTO gateway (id, url, cwd, worktree, agent) VALUES (1, ?, ?, ?, ?)",
      url ?? null,
      cwd ?? null,
      worktree ?? null,
      agent ?? null,
    );
  }
}
