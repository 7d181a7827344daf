import type { ClientState } from "perdure/client";
import type { Session } from "perdure/react";
import { Link } from "../navigation.tsx";
import { NOTICED_MS, useLasting } from "./use-lasting.ts";

/** Why there is no session to show, or why it is not live, with the way on. */
export function SessionProblem({
  session,
  state,
}: {
  readonly session: Session;
  readonly state: ClientState;
}) {
  const { link, problem } = state;
  const isLongOffline = useLasting(link === "offline", NOTICED_MS);
  if (link === "offline" && isLongOffline)
    return (
      <p className="banner">
        The connection is lost. What you send is kept on this device until it is back.{" "}
        <button type="button" className="text-button" onClick={() => session.reconnect()}>
          Try now
        </button>
      </p>
    );
  // One that is over is read to the end and then closed: the composer says so.
  if (link !== "closed" || problem?.code === "session_terminated") return null;
  if (problem?.code === "unauthorized")
    return (
      <p className="banner">
        You are not let in any more. Open the link that <code>perdure serve</code> printed, or ask
        for an invitation.
      </p>
    );
  return (
    <p className="banner">
      {problem?.detail ?? "The connection is closed."}{" "}
      {problem?.code === "session_not_found" || problem?.code === "not_found" ? (
        <Link href="/">All sessions</Link>
      ) : (
        <button type="button" className="text-button" onClick={() => session.reconnect()}>
          Connect again
        </button>
      )}
    </p>
  );
}
