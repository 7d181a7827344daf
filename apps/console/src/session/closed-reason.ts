import type { ClientState } from "perdure/client";

/** Why no prompt can be written here, or undefined where one can. A lost connection is no reason: prompts wait. */
export function closedReason(
  state: Pick<ClientState, "link" | "role" | "session">,
): string | undefined {
  if (state.role === "viewer") return "You may watch this session, but not write in it.";
  if (state.session?.lifecycle === "terminated") return "This session has ended.";
  // What the idle timer has paused goes on with the next prompt.
  if (state.session?.lifecycle === "paused" && state.session.paused?.why !== "idle")
    return "This session is paused.";
  return state.link === "closed" ? "Not connected." : undefined;
}
