/** What to say aloud when a session goes from one state to the next. */

import type { ClientState } from "perdure/client";
import { textOf, type SessionState } from "perdure/protocol";

/** Longer replies are for reading, in UTF-16 units. */
const SPOKEN_LENGTH = 300;

/** The sentences, in order; none for history that was only now loaded, and none for single tokens. */
export function announcementsOf(
  before: Pick<ClientState, "link" | "session">,
  after: Pick<ClientState, "link" | "session">,
): readonly string[] {
  if (before.link !== "live" || before.session === undefined || after.session === undefined)
    return [];
  return [
    ...repliesOf(before.session, after.session),
    ...approvalsOf(before.session, after.session),
  ];
}

function repliesOf(before: SessionState, after: SessionState): readonly string[] {
  if (before.messages === after.messages) return [];
  const known = new Set(before.messages.map((one) => one.position));
  return after.messages
    .filter((one) => one.message.role === "assistant" && !known.has(one.position))
    .map(({ message }) => {
      const text = textOf(message);
      return text.length <= SPOKEN_LENGTH
        ? `Reply: ${text}`
        : `Reply: ${text.slice(0, SPOKEN_LENGTH)}… The whole reply is in the transcript.`;
    });
}

function approvalsOf(before: SessionState, after: SessionState): readonly string[] {
  if (before.approvals === after.approvals) return [];
  const known = new Set(before.approvals.map((one) => one.approval));
  return after.approvals
    .filter((one) => one.state === "pending" && !known.has(one.approval))
    .map((one) => `Approval needed: ${one.title}`);
}
