/** What the list says of a session, in words. */

import type { SessionListing } from "perdure/protocol";

/** What a line says about its session, in one or two words. */
export function statusLabel(listing: Pick<SessionListing, "lifecycle" | "status">): string {
  if (listing.lifecycle === "terminated") return "Ended";
  if (listing.lifecycle === "paused") return "Paused";
  switch (listing.status) {
    case "running":
      return "Running";
    case "stalled":
      return "Runner gone";
    case "waiting":
      return "Needs you";
    case "queued":
      return "Queued";
    case "idle":
      return "Idle";
  }
}

/** The title of a session, or its id where it has none; of a long id the end, since ids of one day begin alike. */
export function titleOf({
  id,
  title,
}: {
  readonly id: string;
  readonly title: string | null | undefined;
}): string {
  return title ? title : `Session ${id.length > 12 ? id.slice(-6) : id}`;
}
