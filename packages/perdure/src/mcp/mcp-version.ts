/** Revisions of the protocol, as the header `Mcp-Protocol-Version` names them. */

/** Those with sessions. */
const WITH_SESSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/** The first revision without sessions. */
const WITHOUT_SESSIONS = "2026-07-28";

/** Whether a request has no session by its header alone. */
export function isSessionlessVersion(headers: Headers): boolean {
  return headers.get("mcp-protocol-version") === WITHOUT_SESSIONS;
}

/** Whether a request names a revision of which it is not known whether it has sessions; one that names none is of an early one. */
export function isUnknownVersion(headers: Headers): boolean {
  const version = headers.get("mcp-protocol-version");
  return version !== null && ![...WITH_SESSIONS, WITHOUT_SESSIONS].includes(version);
}
