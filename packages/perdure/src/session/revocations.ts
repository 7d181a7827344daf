/** Tokens that are refused before they expire: by their own id, by the invitation that gave them, or by who holds them. */

import type { Identity, Sql } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** What to take back: one token, all that an invitation gave, or all that a subject was issued up to now. */
export type Revocation =
  | {
      readonly token: string;
      /** When the token expires, in milliseconds since 1970: until then it is remembered; for ever where it is not said. */
      readonly expiresAt?: number | undefined;
    }
  | { readonly invitation: string }
  | { readonly subject: string };

/** Most revocations that are remembered: each is asked for with every frame, and read when the session is loaded. */
const MAX_REVOCATIONS = 1_000;

/** What is remembered: when it was revoked, and when nothing is left that it could refuse; both in milliseconds. */
interface Entry {
  readonly at: number;
  readonly until: number | null;
}

/** The revocations of one session. */
export class Revocations {
  readonly #sql: Sql;
  #entries: ReadonlyMap<string, Entry>;

  constructor(sql: Sql) {
    this.#sql = sql;
    const rows = sql.run<{ what: string; at: number; until: number | null }>(
      "SELECT what, at, until FROM revocations",
    );
    this.#entries = new Map(rows.map(({ what, at, until }) => [what, { at, until }]));
  }

  /** Remembers a revocation, and forgets those that have nothing left to refuse. Throws `too_large` past 1,000. */
  add(revocation: Revocation, at: number, until: number | null): void {
    const kept = [...this.#entries].filter(([, entry]) => entry.until === null || entry.until > at);
    if (kept.length < this.#entries.size)
      this.#sql.run("DELETE FROM revocations WHERE until <= ?", at);
    const what = keyOf(revocation);
    const entries = new Map(kept).set(what, { at, until });
    if (entries.size > MAX_REVOCATIONS)
      throw new PerdureError(
        "too_large",
        `A session remembers ${MAX_REVOCATIONS} revocations; change the secret that signs its tokens instead.`,
      );
    this.#sql.run(
      `INSERT INTO revocations (what, at, until) VALUES (?, ?, ?)
       ON CONFLICT (what) DO UPDATE SET at = excluded.at, until = excluded.until`,
      what,
      at,
      until,
    );
    this.#entries = entries;
  }

  /**
   * Whether what lets somebody in was revoked. A subject's later tokens are good again; who came without a token was let in
   * by the Worker at `since`.
   */
  covers({ subject, token }: Identity, since: number): boolean {
    if (this.#entries.size === 0) return false;
    const ofSubject = this.#entries.get(keyOf({ subject }));
    if (ofSubject !== undefined && (token?.issuedAt ?? since) <= ofSubject.at) return true;
    if (token === undefined) return false;
    const { id, invitation } = token;
    return (
      this.#entries.has(keyOf({ token: id })) ||
      (invitation !== undefined && this.#entries.has(keyOf({ invitation })))
    );
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const entries = this.#entries;
    return () => {
      this.#entries = entries;
    };
  }
}

function keyOf(revocation: Revocation): string {
  if ("token" in revocation) return `token ${revocation.token}`;
  if ("invitation" in revocation) return `invitation ${revocation.invitation}`;
  return `subject ${revocation.subject}`;
}
