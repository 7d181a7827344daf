/** Invitations that may still be accepted. The link is signed by the Worker; how often it was used is known here. */

import type { Sql, SqlRow } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** What an invitation gives. A runner or an admin gets a token instead. */
export type InvitedRole = "viewer" | "participant";

/** An invitation that may still be accepted. */
export interface Invitation {
  /** What a revocation names. */
  readonly id: string;
  readonly role: InvitedRole;
  /** Milliseconds since 1970: until then it may be accepted, and what it gives is good. */
  readonly expiresAt: number;
  /** How many more people may accept it; null: any number. */
  readonly usesLeft: number | null;
  /** The subject of whoever invited. */
  readonly createdBy: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A row of `invitations`. */
interface InvitationRow extends SqlRow {
  id: string;
  role: string;
  expires_at: number;
  uses_left: number | null;
  created_by: string;
  created_at: number;
}

/** Most invitations that are open at once. */
const MAX_INVITATIONS = 100;

/** The invitations of one session. */
export class Invitations {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Keeps a new invitation, and forgets those that have expired. Throws `rate_limited` where 100 are open. */
  add({ id, role, expiresAt, usesLeft, createdBy, createdAt }: Invitation): void {
    this.#sql.run("DELETE FROM invitations WHERE expires_at <= ?", createdAt);
    if (this.list(createdAt).length >= MAX_INVITATIONS)
      throw new PerdureError(
        "rate_limited",
        `${MAX_INVITATIONS} invitations are open; revoke some, or wait until they expire.`,
      );
    this.#sql.run(
      `INSERT INTO invitations (id, role, expires_at, uses_left, created_by, created_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      id,
      role,
      expiresAt,
      usesLeft,
      createdBy,
      createdAt,
    );
  }

  /** Invitations that may be accepted at a time, newest first. */
  list(now: number): readonly Invitation[] {
    return this.#sql
      .run<InvitationRow>(
        "SELECT * FROM invitations WHERE expires_at > ? ORDER BY created_at DESC, id",
        now,
      )
      .map(parse);
  }

  /** Takes one use of an invitation. Throws `invitation_closed` where it is used up, expired, or was revoked. */
  use(id: string, now: number): Invitation {
    const [row] = this.#sql.run<InvitationRow>("SELECT * FROM invitations WHERE id = ?", id);
    if (row === undefined || row.expires_at <= now)
      throw new PerdureError(
        "invitation_closed",
        "This invitation is not good any more: it was used, revoked, or has expired. Ask for another.",
      );
    if (row.uses_left === 1) this.remove(id);
    else if (row.uses_left !== null)
      this.#sql.run("UPDATE invitations SET uses_left = uses_left - 1 WHERE id = ?", id);
    return parse(row);
  }

  /** Forgets an invitation. */
  remove(id: string): void {
    this.#sql.run("DELETE FROM invitations WHERE id = ?", id);
  }
}

function parse(row: InvitationRow): Invitation {
  return {
    id: row.id,
    role: row.role === "participant" ? "participant" : "viewer",
    expiresAt: row.expires_at,
    usesLeft: row.uses_left,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
