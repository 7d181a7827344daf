import type { Restored } from "perdure/protocol";
import type { AcpConnection } from "./agent-port.ts";

/** The agent's session, and how it was had. */
export interface RestoredSession {
  readonly sessionId: string;
  readonly restored: Restored;
}

/**
 * Gets an agent's context back: `session/resume` where it is offered, else `session/load`, else a new session, which is
 * "lost" where there was one before and "new" where there was none.
 *
 * @param before The agent's session of an earlier process.
 * @param onReplay Called before a load: the updates up to its response replay what the log has.
 * @throws Error when the agent is gone or makes no session.
 */
export async function restoreSession(
  connection: AcpConnection,
  cwd: string,
  before: string | undefined,
  onReplay: () => void,
): Promise<RestoredSession> {
  const { offers } = connection;
  if (before !== undefined) {
    if (offers.resume && (await succeeds(connection.resumeSession(before, cwd)))) {
      return { sessionId: before, restored: "resumed" };
    }
    if (offers.load) {
      onReplay();
      if (await succeeds(connection.loadSession(before, cwd))) {
        return { sessionId: before, restored: "loaded" };
      }
    }
    if (connection.isGone()) throw new Error(`The agent ${await connection.gone}.`);
  }
  const sessionId = await connection.newSession(cwd);
  return { sessionId, restored: before === undefined ? "new" : "lost" };
}

/** Whatever the reason for which the agent does not give the session back, the next way is tried. */
async function succeeds(request: Promise<unknown>): Promise<boolean> {
  return request.then(
    () => true,
    () => false,
  );
}
