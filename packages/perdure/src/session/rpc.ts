/** What a Worker may call on a session. Errors come back as values, because a class does not survive RPC. */

import type { Identity } from "../object/index.ts";
import type { Invitation } from "./invitations.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Revocation } from "./revocations.ts";
import type { InvitationRequest, Joined } from "./sharing.ts";
import type {
  Approval,
  Command,
  Gateway,
  JsonObject,
  Lifecycle,
  Pause,
  PlacedMessage,
  Presence,
  Problem,
  Reply,
  RunnerPresence,
  SessionStatus,
  Task,
  Turn,
  Waking,
  WireEvent,
} from "../protocol/index.ts";
import type { SearchOptions } from "./message-search.ts";
import type { SearchPage } from "./projection.ts";
import type { CopyCursor, CopyHeader, CopyLine, CopyPage } from "./copy-lines.ts";
import type { CopyTerms } from "./session-copy.ts";
import type { TaskFilter } from "./task-table.ts";

export type { SessionIndexRpc } from "../directory/index.ts";
export type { ListOptions, SessionListing, SessionPage } from "../protocol/index.ts";

/** A value, or the problem that stood in its way. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Problem };

/** A session at a glance. */
export interface SessionInfo {
  readonly id: string;
  readonly lifecycle: Lifecycle;
  /** Where `lifecycle` is `paused`: by whom; else null. */
  readonly paused: Pause | null;
  /**
   * Derived: `running` and `waiting` (for a person) while a turn runs, `stalled` where its runner has been gone for a minute,
   * `queued` while prompts wait, else `idle`.
   */
  readonly status: SessionStatus;
  /** `meta.title`, where it is a text. */
  readonly title: string | null;
  /** The subject of the owner. */
  readonly createdBy: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly meta: JsonObject;
  /** Durable head and retention floor of the log. */
  readonly head: number;
  readonly floor: number;
  /** Turns that have not ended, in order. */
  readonly turns: readonly Turn[];
  /** The runner that is connected; null: none. */
  readonly runner: RunnerPresence | null;
  /** Who reads it now; null where the class does not show people to each other. */
  readonly presence: Presence | null;
  /** Whether its class runs its turns itself, with `onTurn`: then no runner is let in. */
  readonly runsTurns: boolean;
  /** Whether a gateway is called for a runner where none is there. */
  readonly hasGateway: boolean;
  /** How the search for a runner stands; null where none is looked for, or one was found. */
  readonly waking: Waking | null;
}

/**
 * Durable events from `position` on, runs merged. `next` is the cursor for the next page; at the `head` there are no more. `floor` is
 * the last position that retention has passed.
 */
export interface EventPage {
  readonly position: number;
  readonly events: readonly WireEvent[];
  readonly next: number;
  readonly head: number;
  readonly floor: number;
}

/** An approval of any age. */
export interface ApprovalRecord extends Omit<Approval, "state"> {
  /**
   * `pending`; `decided`, until the runner has taken it: `delivered`; `orphaned`: its runner died; `withdrawn` with its turn or by
   * its runner; `expired`; `consumed`: the answer was used for the same question of the next runner.
   */
  readonly state:
    | "pending"
    | "decided"
    | "delivered"
    | "orphaned"
    | "withdrawn"
    | "expired"
    | "consumed";
}

/** Which approvals to list. */
export interface ApprovalFilter {
  /** Default: of any state. */
  readonly state?: ApprovalRecord["state"] | undefined;
  /** `next` of the page before. Default: from the newest on. */
  readonly before?: number | undefined;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
}

/** A page of approvals, newest first. */
export interface ApprovalPage {
  readonly approvals: readonly ApprovalRecord[];
  /** `before` of the next page; null where there is none. */
  readonly next: number | null;
}

/** The session's methods for the Worker. All authorize by role. */
export interface SessionRpc extends CopyRpc {
  /**
   * Creates the session. Creating it again with the same owner and title has no effect and the same answer
   * (`created: false`); another owner gets `session_exists`. A gateway that the server does not call gets `bad_request`.
   */
  create(
    identity: Identity,
    options: {
      readonly id: string;
      readonly title?: string;
      readonly gateway?: Gateway;
      readonly lifetime?: Lifetime;
    },
  ): Promise<Result<SessionInfo & { readonly created: boolean }>>;
  /** `session_not_found` where it was never created; this writes nothing. */
  describe(identity: Identity): Promise<Result<SessionInfo>>;
  /**
   * Erases the session with all that is stored of it, also its line in the owner's list. One that is not over is terminated
   * first. A session that does not exist, or was erased, is answered the same.
   */
  erase(identity: Identity): Promise<Result<{ readonly erased: true }>>;
  /** Invitations that may still be accepted, newest first. */
  invitations(identity: Identity): Promise<Result<readonly Invitation[]>>;
  /** Makes an invitation; whoever calls this signs its id into a link. At most 100 are open: `rate_limited`. */
  invite(identity: Identity, request: InvitationRequest): Promise<Result<Invitation>>;
  /**
   * Somebody accepts an invitation. The Worker has verified the link, and makes the token: `invitation_closed` where the
   * invitation is used up, expired, or was revoked.
   */
  join(invitation: string, subject: string): Promise<Result<Joined>>;
  /**
   * Takes back what tokens allow in this session: sockets that stand on them are closed at once (4401), and every later request
   * gets `unauthorized`. Revoking again is harmless. At most 1,000 are remembered: `too_large`.
   */
  revoke(identity: Identity, revocation: Revocation): Promise<Result<{ readonly revoked: true }>>;
  /** Executes a command exactly once per `id`. */
  command(identity: Identity, id: string, command: Command): Promise<Reply>;
  /** Finished messages, oldest first of the newest `limit` (default 50, at most 200) that began before `before`. */
  messages(
    identity: Identity,
    options?: { readonly before?: number; readonly limit?: number },
  ): Promise<Result<{ readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean }>>;
  /** A finished message by its id. `not_found` where there is none. */
  message(identity: Identity, id: string): Promise<Result<PlacedMessage>>;
  /** Finished messages that have all words of a query, newest first. `bad_request` where the class is not searchable. */
  search(identity: Identity, query: string, options?: SearchOptions): Promise<Result<SearchPage>>;
  /** The agent's plan, and the newest tasks of the application, oldest first. */
  tasks(identity: Identity, filter?: TaskFilter): Promise<Result<readonly Task[]>>;
  /** The task of the application of this id, or else the step of the plan. `task_not_found` where there is neither. */
  task(identity: Identity, id: string): Promise<Result<Task>>;
  /**
   * A page of approvals, newest first; all, or those of one state. It has at most `limit`, and ends before the one that takes it
   * past 4 Mi characters of JSON. Those that wait are found at once. Of any other state it looks through 1,000 approvals at most:
   * then it may have fewer than there are, or none, and `next` goes on.
   */
  approvals(identity: Identity, filter?: ApprovalFilter): Promise<Result<ApprovalPage>>;
  /** Durable events after a cursor, a page of at most 128 KiB. A cursor below the floor or past the head: `bad_request` with `extra.floor` and `extra.head`. */
  events(identity: Identity, after: number): Promise<Result<EventPage>>;
}

/** What is to be copied into a session that does not exist yet. */
export interface CopyOrder extends Omit<CopyTerms, "by"> {
  /** The position that was asked for; undefined: the head, and of a copy that has begun what was the head then. */
  readonly at?: number | undefined;
}

/** How far a copy has come. */
export interface CopyProgress {
  /** What is copied, as of its beginning. */
  readonly header: CopyHeader;
  /** The last position that is here. */
  readonly received: number;
  /** Whether it is a session now. */
  readonly isWhole: boolean;
}

/** The methods by which sessions are copied; see `forkSession`, `exportLines` and `importLines`. All authorize by role. */
export interface CopyRpc {
  /** Of the session that is copied: what a copy up to a position is of, by default up to the head. */
  copyHeader(identity: Identity, at?: number): Promise<Result<CopyHeader>>;
  /** Of the session that is copied: a page of lines. */
  copyPage(identity: Identity, header: CopyHeader, cursor: CopyCursor): Promise<Result<CopyPage>>;
  /** Of the copy: begins it. The same fork goes on where it stands; `session_exists` where there is a session. */
  beginCopy(identity: Identity, order: CopyOrder): Promise<Result<CopyProgress>>;
  /** Of the copy: takes lines, in order; those that it has are passed over. */
  takeCopy(identity: Identity, lines: readonly CopyLine[]): Promise<Result<CopyProgress>>;
  /** Of the copy: all lines are there, and it becomes a session. */
  finishCopy(identity: Identity): Promise<Result<CopyProgress>>;
}
