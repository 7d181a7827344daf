/** What each role permits. The Worker asks before it wakes an object; the object asks again for every frame. */

import type { Role } from "./frames.ts";

/** An authenticated caller. */
export interface Identity {
  /** The `sub` of the token. */
  readonly subject: string;
  readonly role: Role;
  /** Milliseconds since 1970 after which nothing is accepted or sent any more; null: never. */
  readonly expiresAt: number | null;
  /** The token that lets the caller in, where there is one: what a revocation may name. */
  readonly token?: TokenReference | undefined;
}

/** What of a token goes with its holder. */
export interface TokenReference {
  /** Its `jti`. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  /** The invitation that gave it. */
  readonly invitation?: string | undefined;
}

/** Everything that a token may be used for. */
export type Action =
  /** See what a session is: state, head, who runs it. */
  | "describe"
  /** Read events, messages and approvals, also live. */
  | "read"
  /** List sessions. */
  | "list"
  | "prompt"
  | "cancel"
  /** Decide an approval. */
  | "decide"
  | "set-meta"
  | "create-task"
  | "update-task"
  /** Have a runner looked for once more. */
  | "wake"
  | "pause"
  | "resume"
  | "terminate"
  /** Take all of a session away: its log, messages and approvals. */
  | "export"
  /** Create a session, also as a copy of another. */
  | "create"
  /** Erase a session with all that is stored of it. */
  | "erase"
  /** Invite people, and take back what tokens allow. */
  | "share"
  /** Mint tokens for others. */
  | "mint-token"
  /** Write events as the process that drives the agent. */
  | "run";

const VIEWER: readonly Action[] = ["describe", "read", "list"];
const PARTICIPANT: readonly Action[] = [
  ...VIEWER,
  "prompt",
  "cancel",
  "decide",
  "set-meta",
  "create-task",
  "update-task",
  "wake",
  "export",
];

const PERMITTED: Readonly<Record<Role, readonly Action[]>> = {
  viewer: VIEWER,
  participant: PARTICIPANT,
  runner: ["describe", "run"],
  admin: [...PARTICIPANT, "pause", "resume", "terminate", "create", "erase", "share", "mint-token"],
};

/** Whether a role permits an action. */
export function permits(role: Role, action: Action): boolean {
  return PERMITTED[role].includes(action);
}
