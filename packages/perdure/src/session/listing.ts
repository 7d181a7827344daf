/** A session at a glance, for its own description and for lists. */

import type { Message, SessionState } from "../protocol/index.ts";
import { runningTurn, textOf } from "../protocol/index.ts";
import type { SessionInfo, SessionListing } from "./rpc.ts";
import type { SessionLog } from "./session-log.ts";

/** Longest title that is made of a prompt, in UTF-16 units. */
const TITLE_LENGTH = 80;

/** What is going on, derived. */
export function statusOf(state: SessionState): SessionInfo["status"] {
  const turn = runningTurn(state);
  if (turn === undefined) return state.turns.length > 0 ? "queued" : "idle";
  if (state.approvals.some((approval) => approval.state === "pending")) return "waiting";
  return turn.isStalled === true ? "stalled" : "running";
}

/** The session in full, but for its messages. */
export function sessionInfo(
  { id, log, state }: SessionLog,
  now: Pick<SessionInfo, "runner" | "presence" | "runsTurns" | "hasGateway">,
): SessionInfo {
  return {
    id: id ?? "",
    lifecycle: state.lifecycle,
    paused: state.paused ?? null,
    status: statusOf(state),
    title: titleOf(state),
    createdBy: state.createdBy,
    createdAt: state.createdAt,
    meta: state.meta,
    head: log.head,
    floor: log.floor,
    turns: state.turns,
    ...now,
    waking: now.runner === null && state.turns.length > 0 ? (state.waking ?? null) : null,
  };
}

/** The session's line in a list. `queued` and `running` are one there: each change costs the list a row. */
export function listingOf({ id, state }: Pick<SessionLog, "id" | "state">): SessionListing {
  const status = statusOf(state);
  return {
    id: id ?? "",
    title: titleOf(state),
    lifecycle: state.lifecycle,
    status: status === "queued" ? "running" : status,
    createdAt: state.createdAt,
    updatedAt: state.time,
  };
}

/** What of a line is worth telling: its time alone is not. */
export function lineOf(log: Pick<SessionLog, "id" | "state">): string {
  return JSON.stringify({ ...listingOf(log), updatedAt: 0 });
}

/** A title made of a prompt: its beginning, on one line. */
export function titleFrom(message: Message): string {
  const text = textOf(message).trim().replaceAll(/\s+/g, " ");
  return text.length > TITLE_LENGTH ? `${text.slice(0, TITLE_LENGTH - 1)}…` : text;
}

function titleOf({ meta }: SessionState): string | null {
  return typeof meta["title"] === "string" ? meta["title"] : null;
}
