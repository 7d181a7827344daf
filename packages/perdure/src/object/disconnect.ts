/** Sockets of somebody who is not let in any more. */

import type { Link } from "./link.ts";

/** Whose sockets to close: those of a subject, those that stand on certain tokens, or with both, those of which both are true. */
export interface DisconnectRequest {
  readonly subject?: string | undefined;
  /** Ids of tokens (`token.id` of an `Identity`), or of auth sessions. */
  readonly tokens?: readonly string[] | undefined;
}

/** Whether a link is meant. With nothing said none is. */
export function isMeant({ attachment }: Link, { subject, tokens }: DisconnectRequest): boolean {
  if (subject === undefined && tokens === undefined) return false;
  const isOfSubject = subject === undefined || attachment.subject === subject;
  const { token } = attachment;
  return (
    isOfSubject && (tokens === undefined || (token !== undefined && tokens.includes(token.id)))
  );
}
