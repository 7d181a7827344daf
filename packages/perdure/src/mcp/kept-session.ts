/** What an MCP session is, but for its messages: who it belongs to, who its client is, and what that follows. */

import type { Clock, Migration, Sql } from "../object/index.ts";
import { MAX_MCP_URI_LENGTH, MAX_META_BYTES, PerdureError } from "../protocol/index.ts";

/** What a client said of itself; see `initialize` and `logging/setLevel` in the MCP specification. JSON each. */
export interface ClientFacts {
  readonly clientInfo?: object | undefined;
  readonly clientCapabilities?: object | undefined;
  readonly logLevel?: string | undefined;
  /** The revision that it asked for: the newest that it knows, where an older one was agreed on. */
  readonly protocolVersion?: string | undefined;
}

/** What begins a session, with what its client says of itself. */
export interface Beginning extends ClientFacts {
  /** Present where a stream does: that of the older SSE transport, with which it ends. */
  readonly isStream?: true;
}

/** The stored session. */
interface Kept extends Beginning {
  /** Whose it is; null where it is bound to nobody. */
  readonly subject: string | null;
  /** When it was used last, in milliseconds since 1970, within an eighth of the time after which it expires. */
  readonly usedAt: number;
  /** How far the standalone stream was handed to a reader that went when the log stood at `head`. */
  readonly handed?: { readonly to: number; readonly head: number };
  /** Present while it ends: nobody finds it any more. */
  readonly isEnding?: true;
}

/** The tables of a session: one row for it, one for each URI that it follows. */
export const SESSION_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "MCP session",
    up: `CREATE TABLE mcp_session (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE mcp_followed (uri TEXT PRIMARY KEY) WITHOUT ROWID`,
  },
];

/** Most URIs that one session follows. */
export const MAX_FOLLOWED = 1_000;

/** One stored session. */
export class KeptSession {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #idleMs: number;
  #kept: Kept | undefined;

  /** @param idleMs After how long without use it expires, in milliseconds. */
  constructor(sql: Sql, clock: Clock, idleMs: number) {
    this.#sql = sql;
    this.#clock = clock;
    this.#idleMs = idleMs;
    const [row] = sql.run<{ body: string }>("SELECT body FROM mcp_session");
    if (row !== undefined) this.#kept = JSON.parse(row.body) as Kept;
  }

  /** Whether it was begun and does not end. */
  get isOpen(): boolean {
    return this.#kept !== undefined && this.#kept.isEnding === undefined;
  }

  /** Whether it was begun and is about to be erased. */
  get isEnding(): boolean {
    return this.#kept?.isEnding === true;
  }

  /** Whose it is; null where it is bound to nobody. */
  get subject(): string | null {
    return this.#kept?.subject ?? null;
  }

  /** What its client said of itself. */
  get facts(): ClientFacts {
    const { clientInfo, clientCapabilities, logLevel, protocolVersion } = this.#kept ?? {};
    return {
      ...(clientInfo === undefined ? {} : { clientInfo }),
      ...(clientCapabilities === undefined ? {} : { clientCapabilities }),
      ...(logLevel === undefined ? {} : { logLevel }),
      ...(protocolVersion === undefined ? {} : { protocolVersion }),
    };
  }

  /** How far the standalone stream was handed to a reader, where one said so since the log stands where it does. */
  handedAt(head: number): number | undefined {
    const handed = this.#kept?.handed;
    return handed?.head === head ? handed.to : undefined;
  }

  /** When it expires, in milliseconds since 1970, if nobody uses it from now on as far as is stored. */
  get expiresAt(): number {
    // It may have been used an eighth later than is stored.
    return (this.#kept?.usedAt ?? 0) + (this.#idleMs * 9) / 8;
  }

  /** Whether it was begun by a stream. */
  get isStream(): boolean {
    return this.#kept?.isStream === true;
  }

  /** Begins it. Throws `too_large` where its client says more than 64 KiB of itself. */
  begin(subject: string | null, beginning: Beginning): void {
    checkFacts(beginning);
    this.#store({ subject, usedAt: this.#clock.now(), ...beginning });
  }

  /** It ends: from now on it is as if it had never been, until it is erased. */
  end(): void {
    this.#change({ isEnding: true });
  }

  /** Changes what its client said of itself; what it said before is not stored again. Throws `too_large` past 64 KiB. */
  say(facts: ClientFacts): void {
    const before = this.facts;
    const after = { ...before, ...facts };
    checkFacts(after);
    if (JSON.stringify(after) !== JSON.stringify(before)) this.#change(facts);
  }

  /** It is used now. Stores that where what is stored is an eighth of the idle time old. */
  use(): void {
    const now = this.#clock.now();
    if (this.#kept !== undefined && now - this.#kept.usedAt > this.#idleMs / 8)
      this.#change({ usedAt: now });
  }

  /** A reader of the standalone stream went, to which it was handed up to a position, when the log stood at `head`. */
  hand(to: number, head: number): void {
    this.#change({ handed: { to, head } });
  }

  /** The URIs that it follows. */
  followed(): readonly string[] {
    return this.#sql
      .run<{ uri: string }>("SELECT uri FROM mcp_followed ORDER BY uri")
      .map(({ uri }) => uri);
  }

  /** Follows a URI from now on. */
  follow(uri: string): void {
    this.#sql.run("INSERT OR IGNORE INTO mcp_followed (uri) VALUES (?)", uri);
  }

  /** Follows a URI no more. */
  unfollow(uri: string): void {
    this.#sql.run("DELETE FROM mcp_followed WHERE uri = ?", uri);
  }

  /** Throws where it cannot follow this URI too. */
  checkFollow(uri: string): void {
    if (uri.length === 0 || uri.length > MAX_MCP_URI_LENGTH)
      throw new PerdureError(
        "bad_request",
        `A URI to subscribe to has 1 to ${MAX_MCP_URI_LENGTH} characters.`,
      );
    const [{ count } = { count: 0 }] = this.#sql.run<{ count: number }>(
      "SELECT count(*) AS count FROM mcp_followed WHERE uri <> ?",
      uri,
    );
    if (count >= MAX_FOLLOWED)
      throw new PerdureError(
        "rate_limited",
        `A session follows at most ${MAX_FOLLOWED} resources; unsubscribe from some first.`,
      );
  }

  #change(change: Partial<Kept>): void {
    if (this.#kept !== undefined) this.#store({ ...this.#kept, ...change });
  }

  #store(kept: Kept): void {
    this.#sql.run(
      "INSERT INTO mcp_session (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
      JSON.stringify(kept),
    );
    this.#kept = kept;
  }
}

function checkFacts(facts: ClientFacts): void {
  if (JSON.stringify(facts).length > MAX_META_BYTES)
    throw new PerdureError(
      "too_large",
      `What a client says of itself has at most ${MAX_META_BYTES} bytes.`,
    );
}
