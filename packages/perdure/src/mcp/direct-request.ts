/** Requests to a session's object that come from elsewhere than this library: a Worker has forwarded what a client sent. */

import { isSessionId } from "./session-id.ts";

/**
 * Takes down the id of the session that a request names as `session_id`, or makes one, and grants nothing by it: 401. Where the id is none that a
 * session may have, one is made, too.
 */
export function refuseDirect(request: Request): Response {
  const named = new URL(request.url).searchParams.get("session_id") ?? "";
  const id = isSessionId(named) ? named : crypto.randomUUID();
  const error =
    "An MCP session is reached through the Worker's MCP endpoint; its id alone opens nothing.";
  return Response.json({ error }, { status: 401, headers: { "mcp-session-id": id } });
}
