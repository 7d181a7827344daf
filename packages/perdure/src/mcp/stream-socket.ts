/** Opening a socket on a session from a Worker. */

import type { Namespace, SocketHost } from "../object/index.ts";
import { callObject, openObjectSocket } from "../object/index.ts";
import { sessionName } from "./placement.ts";
import type { SessionRpc, StreamMeta } from "./rpc.ts";

/** The stub of a session. */
export type SessionStub = SessionRpc & SocketHost;

/** Which session, and who asks. */
export interface SessionAccess {
  readonly namespace: Namespace<SessionStub>;
  /** The session's id. */
  readonly id: string;
  /** Who asks; null where the session is bound to nobody. */
  readonly subject: string | null;
  /** When the socket ends, in milliseconds since 1970; null for never. */
  readonly expiresAt?: number | null;
}

/** Calls a session's object; see `callObject`. Every method of it may be repeated. */
export function callSession<T>(
  { namespace, id }: Pick<SessionAccess, "namespace" | "id">,
  call: (stub: SessionStub) => Promise<T>,
): Promise<T> {
  return callObject(namespace, sessionName(id), call);
}

/** Opens a socket, not accepted yet. Throws `session_not_found` where there is no such session for this subject. */
export function openStreamSocket(
  { subject, expiresAt = null, ...session }: SessionAccess,
  meta: StreamMeta,
): Promise<WebSocket> {
  const connection = {
    kind: "mcp",
    role: "participant",
    subject: subject ?? "",
    expiresAt,
    meta,
  } as const;
  return callSession(session, (stub) => openObjectSocket(stub, connection));
}
