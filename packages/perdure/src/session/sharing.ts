/** Several people in one session: invitations, who has joined, and what is taken back. */

import type {
  Clock,
  Commit,
  CommitQueue,
  Identity,
  Link,
  Migration,
  Sql,
} from "../object/index.ts";
import { CLOSE, PerdureError } from "../protocol/index.ts";
import type { Invitation, InvitedRole } from "./invitations.ts";
import { Invitations } from "./invitations.ts";
import type { Revocation } from "./revocations.ts";
import { Revocations } from "./revocations.ts";
import type { SessionLog } from "./session-log.ts";

/** The tables of sharing; both are small and bounded. */
export const SHARING_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "invitations and revocations",
    up: `CREATE TABLE invitations (
      id TEXT PRIMARY KEY, role TEXT NOT NULL, expires_at INTEGER NOT NULL, uses_left INTEGER,
      created_by TEXT NOT NULL, created_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE revocations (what TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER) WITHOUT ROWID`,
  },
];

/** What an invitation is to give. */
export interface InvitationRequest {
  readonly role: InvitedRole;
  /** Milliseconds since 1970, at most a year from now: until then it may be accepted, and what it gives is good. */
  readonly expiresAt: number;
  /** How many people may accept it; any number by default. */
  readonly uses?: number | undefined;
}

/** What somebody gets who has joined: good until the invitation expires. */
export interface Joined {
  /** Id of the invitation. */
  readonly invitation: string;
  readonly role: InvitedRole;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long an invitation may be good: a year. */
const LONGEST_MS = 366 * 24 * 60 * 60 * 1000;

/** Why somebody is sent away whose token was taken back. */
const REVOKED = "What let you in was revoked; ask for another token.";

/** What sharing needs of its session. */
export interface SharingHost {
  readonly sql: Sql;
  readonly log: SessionLog;
  readonly clock: Clock;
  readonly queue: CommitQueue;
  readonly links: () => readonly Link[];
}

/** Invites people to one session, and sends them away. */
export class Sharing {
  readonly #host: SharingHost;
  readonly #invitations: Invitations;
  readonly #revocations: Revocations;

  constructor(host: SharingHost) {
    this.#host = host;
    this.#invitations = new Invitations(host.sql);
    this.#revocations = new Revocations(host.sql);
  }

  /** Invitations that may still be accepted, newest first. */
  list(): readonly Invitation[] {
    return this.#invitations.list(this.#host.clock.now());
  }

  /** Invites whoever gets the link. Throws `bad_request`, `rate_limited`, or `session_terminated`. */
  invite(request: InvitationRequest, by: string): Promise<Invitation> {
    return this.#change((at) => {
      const { role, expiresAt, uses } = request;
      if (!(expiresAt > at && expiresAt <= at + LONGEST_MS))
        throw new PerdureError("bad_request", "An invitation is good for at most a year from now.");
      const invitation: Invitation = {
        id: crypto.randomUUID(),
        role,
        expiresAt,
        usesLeft: uses ?? null,
        createdBy: by,
        createdAt: at,
      };
      this.#invitations.add(invitation);
      this.#host.log.append({
        type: "session.invited",
        invitation: invitation.id,
        role,
        expiresAt,
        ...(uses === undefined ? {} : { uses }),
        by,
        at,
      });
      return invitation;
    });
  }

  /** Somebody accepts an invitation whose link was good. Throws `invitation_closed` or `session_terminated`. */
  join(id: string, subject: string): Promise<Joined> {
    return this.#change((at) => {
      const { role, expiresAt } = this.#invitations.use(id, at);
      this.#host.log.append({ type: "session.joined", invitation: id, subject, role, at });
      return { invitation: id, role, expiresAt };
    });
  }

  /** Takes back what tokens allow: sockets are closed at once, and every later request is refused. Throws `too_large`. */
  revoke(revocation: Revocation, by: string): Promise<void> {
    const { clock, log, queue } = this.#host;
    return queue.submit((commit) => {
      const at = clock.now();
      this.#revocations.add(revocation, at, this.#rememberedUntil(revocation, at));
      if ("invitation" in revocation) this.#invitations.remove(revocation.invitation);
      if (log.state.lifecycle !== "terminated") {
        log.append({ type: "session.revoked", ...named(revocation), by, at });
        log.flush();
      }
      this.#sendAway(commit);
    });
  }

  /** Refuses somebody whose token was taken back: throws `unauthorized`. */
  check(identity: Identity): void {
    if (this.#revocations.covers(identity, this.#host.clock.now()))
      throw new PerdureError("unauthorized", REVOKED);
  }

  /** Closes a link whose token was taken back; answers whether it was. */
  closeRevoked(link: Link): boolean {
    const { attachment } = link;
    if (!this.#revocations.covers(attachment, attachment.connectedAt)) return false;
    link.close(CLOSE.unauthorized, REVOKED);
    return true;
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    return this.#revocations.mark();
  }

  #sendAway(commit: Commit): void {
    commit.after(() => {
      for (const link of this.#host.links()) this.closeRevoked(link);
    });
  }

  #change<T>(work: (at: number) => T): Promise<T> {
    const { clock, log, queue } = this.#host;
    return queue.submit(() => {
      if (log.isOver)
        throw new PerdureError(
          "session_terminated",
          "This session is terminated; nobody can be invited to it any more.",
        );
      const result = work(clock.now());
      log.flush();
      return result;
    });
  }

  /** Until when a token may be good that a revocation is about; null: nobody knows. */
  #rememberedUntil(revocation: Revocation, at: number): number | null {
    if ("token" in revocation) return revocation.expiresAt ?? null;
    if ("subject" in revocation) return null;
    const invitation = this.#invitations.list(at).find(({ id }) => id === revocation.invitation);
    return invitation?.expiresAt ?? at + LONGEST_MS;
  }
}

/** What of a revocation the log says. */
function named(revocation: Revocation) {
  if ("token" in revocation) return { token: revocation.token };
  return "invitation" in revocation
    ? { invitation: revocation.invitation }
    : { subject: revocation.subject };
}
