/** One registry: which sessions there are, and who follows which URI. */

import type { Sql } from "../object/index.ts";
import { firstRow } from "../object/index.ts";
import { MAX_MCP_URI_LENGTH, PerdureError } from "../protocol/index.ts";

/** Random bytes of the secret that a registry makes. */
const SECRET_BYTES = 32;

/** A shard of the sessions and of the URIs. Every method may be repeated. */
export class Registry {
  readonly #sql: Sql;

  /** @param sql With the tables of `REGISTRY_MIGRATIONS`. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Lists a session: it gets what is broadcast from now on. */
  join(session: string): void {
    this.#sql.run(
      `INSERT INTO mcp_sessions (id, joined)
       SELECT ?, coalesce(max(number), 0) FROM mcp_broadcasts WHERE true ON CONFLICT DO NOTHING`,
      session,
    );
  }

  /** Takes a session off the list: nothing that is broadcast goes to it any more. */
  leave(session: string): void {
    this.#sql.run("DELETE FROM mcp_sessions WHERE id = ?", session);
  }

  /** Has a session among the followers of a URI, which are told when the resource changes. Throws `too_large` where the URI is too long. */
  follow(uri: string, session: string): void {
    if (uri.length > MAX_MCP_URI_LENGTH)
      throw new PerdureError(
        "too_large",
        `A URI to follow has at most ${MAX_MCP_URI_LENGTH} UTF-16 units, not ${uri.length}.`,
      );
    this.#sql.run(
      "INSERT INTO mcp_followers (uri, session) VALUES (?, ?) ON CONFLICT DO NOTHING",
      uri,
      session,
    );
  }

  /** Takes a session from the followers of a URI. */
  unfollow(uri: string, session: string): void {
    this.#sql.run("DELETE FROM mcp_followers WHERE uri = ? AND session = ?", uri, session);
  }

  /** The sessions that follow exactly this URI, in the order of their ids. */
  followers(uri: string): readonly string[] {
    return this.#sql
      .run<{ session: string }>(
        "SELECT session FROM mcp_followers WHERE uri = ? ORDER BY session",
        uri,
      )
      .map(({ session }) => session);
  }

  /** Removes everything that this registry has of a session. */
  forget(session: string): void {
    this.#sql.transaction(() => {
      this.leave(session);
      this.#sql.run("DELETE FROM mcp_followers WHERE session = ?", session);
    });
  }

  /** 32 random bytes in base64, the same from the first call on. */
  secret(): string {
    return this.#sql.transaction(() => {
      const row = firstRow(this.#sql.run<{ secret: string }>("SELECT secret FROM mcp_secrets"));
      if (row !== undefined) return row.secret;
      const secret = btoa(
        String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))),
      );
      this.#sql.run("INSERT INTO mcp_secrets (id, secret) VALUES (1, ?)", secret);
      return secret;
    });
  }
}
